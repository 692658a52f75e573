"""What ``.safetensors`` files say of each class: ``python -m tests.layouts`` records it, ``test_save`` compares.

A class whose tensors or parts change raises its ``_version`` and says in ``upgrade`` what becomes of earlier files
(``TorchEstimator.upgrade``); then, and where tensors are added by new parameters of the class, record again.
"""

import contextlib
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.progress import track
from torch import nn

import sk2torch
from sk2torch.persistence.describing import describe_module
from tests.cases import CASES, fitted

RECORD = Path(__file__).parent / "data" / "layouts.json"


def layouts(model: nn.Module) -> Iterator[tuple[str, int, list[str]]]:
    """Class, version, and the names of tensors and parts, of a model and all its parts; numbers of lists as ``#``."""
    yield from _layouts(describe_module(model).structure)


def _layouts(structure: dict[str, Any]) -> Iterator[tuple[str, int, list[str]]]:
    if "class" not in structure:
        return
    names = {re.sub(r"^\d+$", "#", name) for name in (*structure["tensors"], *structure["children"])}
    yield structure["class"], structure.get("version", 1), sorted(names)
    for child in structure["children"].values():
        if child is not None:
            yield from _layouts(child)


def recorded() -> dict[str, dict[str, Any]]:
    """For each class the version and the layouts that its modules may have."""
    return json.loads(RECORD.read_text())


def main() -> None:
    """Write the layouts of all cases."""
    warnings.simplefilter("ignore")
    found: dict[str, dict[str, Any]] = {}
    for name in track(CASES, description="wrapping"):
        # Functions of users cannot be saved.
        with contextlib.suppress(sk2torch.ArtifactError):
            for cls, version, names in layouts(sk2torch.wrap(fitted(name))):
                known = found.setdefault(cls, {"version": version, "layouts": []})
                if names not in known["layouts"]:
                    known["layouts"].append(names)
    for known in found.values():
        known["layouts"].sort()
    RECORD.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
