"""``sk2torch inspect``."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from sk2torch.base import ArtifactError
from sk2torch.cli import options
from sk2torch.cli.reporting import console, mistakes_explained, print_json
from sk2torch.export import model_file, read_metadata
from sk2torch.export.metadata import encoding_of, features, file_bytes

# Entries that a table shows of a long list.
_SHOWN = 30


def inspect(artifact: options.Artifact, json: options.Json = False) -> None:
    """Say what an artifact is, without building or running anything of it."""
    with mistakes_explained():
        facts = _facts(artifact)
        if json:
            print_json(facts)
        else:
            _show(facts)


def _facts(path: Path) -> dict[str, Any]:
    described = read_metadata(path)
    classes = _classes_of(described["decoding"])
    return {
        "artifact": str(path),
        "format": model_file(path).suffix,
        "format_version": described["format_version"],
        "n_file_bytes": file_bytes(model_file(path), described),
        "data_file": (described.get("data") or {}).get("file"),
        "n_bytes": described.get("n_bytes"),
        "versions": described["versions"],
        "module": described["module"],
        # Files of before they were stored have neither a tree nor features.
        "estimator": described.get("estimator", {"name": "", "class": described["module"]}),
        "dtype": described["dtype"],
        "methods": list(described["methods"]),
        "outputs": described["methods"] if model_file(path).suffix == ".onnx" else None,
        "n_features_in": described["n_features_in"],
        "features": described["features"] if "features" in described else features(encoding_of(described)),
        "classes": classes,
        "couples_rows": described.get("couples_rows", False),
    }


def _classes_of(decoding: dict[str, Any]) -> list[Any] | None:
    """The labels; a list of them for each of several outputs."""
    try:
        listed = [entry["values"] for entry in decoding["classes"]]
        return listed if decoding["multi_output"] else (listed[0] if listed else None)
    except (KeyError, TypeError) as error:
        raise ArtifactError(f"the artifact is damaged: its classes make no sense ({error!r}).") from error


def _show(facts: dict[str, Any]) -> None:
    out = console()
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    size = f"{facts['n_file_bytes'] / 1e6:.2f} MB"
    if facts["n_bytes"] is not None:
        size += f", of which {facts['n_bytes'] / 1e6:.2f} MB are numbers of the model"
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items() if version)
    rows = {
        "artifact": facts["artifact"],
        "size": size,
        "numbers in": facts["data_file"],
        "written by": f"{versions} (format version {facts['format_version']})",
        "dtype": facts["dtype"],
        "methods": ", ".join(facts["methods"]),
        "classes": _classes(facts["classes"]),
        "rows": "answered together" if facts["couples_rows"] else "answered one by one",
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, escape(str(value)))
    out.print(table, highlight=False)
    out.print(_tree(facts["estimator"]), highlight=False)
    out.print(_features(facts["features"]), highlight=False)


def _classes(classes: list[Any] | None) -> str:
    if classes is None:
        return ""
    shown = ", ".join(map(str, classes[:_SHOWN]))
    return shown + (f" and {len(classes) - _SHOWN} more" if len(classes) > _SHOWN else "")


def _tree(described: dict[str, Any]) -> Tree:
    count = f" x {described['repeat']}" if "repeat" in described else ""
    name = f"[dim]{described['name']}[/] " if described["name"] else ""
    tree = Tree(f"{name}{described['class']}{count}")
    for part in described.get("parts", ())[:_SHOWN]:
        tree.add(_tree(part))
    if len(described.get("parts", ())) > _SHOWN:
        tree.add(f"and {len(described['parts']) - _SHOWN} more")
    return tree


def _features(listed: list[dict[str, Any]] | None) -> Table | str:
    if listed is None:
        return "any number of numeric columns"
    table = Table("column", "name", "holds", title="input", title_justify="left")
    starts = np.cumsum([0, *(entry.get("repeat", 1) for entry in listed)]).tolist()
    for entry, start, stop in zip(listed[:_SHOWN], starts[:-1], starts[1:], strict=False):
        position = str(start) if stop == start + 1 else f"{start} to {stop - 1}"
        table.add_row(position, escape(entry["name"] or ""), entry["kind"])
    if len(listed) > _SHOWN:
        table.add_row("…", "", f"and {starts[-1] - starts[_SHOWN]} more")
    return table
