"""Triton's programs for pairs of rows, in a process of their own: an interpreter is chosen before the import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_programs_and_gradients(dtype):
    script = Path(__file__).with_name("triton_check.py")
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(script), dtype], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
