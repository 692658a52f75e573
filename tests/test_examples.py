"""Every example runs as it stands, on small sizes where it takes any."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

ARGUMENTS = {
    "flights.py": ["--train-rows", "4000", "--kernel-rows", "2000", "--test-rows", "1000"],
    "forest_counterfactual.py": ["--steps", "10", "--trees", "10"],
    "skorch_warm_start.py": ["--epochs", "3"],
    "svm_vector_field.py": [],
    "text_saliency.py": ["--epochs", "30"],
    "tune_pipeline.py": ["--epochs", "2"],
    "torch_step.py": ["--epochs", "2", "--rows", "300", "--jobs", "1"],
}


def test_every_example_is_run():
    # Services have tests of their own.
    assert {path.name for path in EXAMPLES.glob("*.py")} == {*ARGUMENTS, "serve.py"}


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_example(name, tmp_path):
    output = tmp_path / ("output" if name == "flights.py" else "picture.png")
    command = [sys.executable, str(EXAMPLES / name), "--output", str(output), *ARGUMENTS[name]]
    # The other test processes have the other cores.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    assert output.exists()
    assert "FAIL" not in result.stdout
