"""``docs/support.md``, written from the registry and what the contract tests checked.

``python -m tests.support RECORD`` writes it; with ``--check`` it fails where the file is stale.
"""

import argparse
import difflib
import inspect
import json
import re
import sys
from pathlib import Path

from sklearn.utils import all_estimators

from sk2torch.base import METHODS, refused_classes, registry, supported_classes
from tests.record import REQUIRED, Record

DOCUMENT = Path(__file__).parent.parent / "docs" / "support.md"
CAPABILITIES = {
    "parity": "exact",
    "script": "script",
    "compile": "compile",
    "export": "export",
    "onnx": "ONNX",
    "save": "save",
    "gradient": "gradient",
    "unwrap": "unwrap",
}
INTRODUCTION = """# What is supported

Written by `make support` from the registry and the contract tests; CI fails when it is stale.

A method is **exact** where every test case agrees with scikit-learn in float64: labels, indices and integers equal,
continuous values to 1e-9 of their column's scale or better. **script**, **compile**, **export** and **ONNX** mean that
TorchScript, `torch.compile(fullgraph=True)`, `torch.export` and ONNX Runtime give the same answers; **save** that a
`.safetensors` file does. Files are loaded and run where scikit-learn cannot be imported.
**gradient** means that the derivative with respect to the input has been checked against finite differences; where the
result is a label, an index or piecewise constant, there is none (·).
**unwrap** means that `sk2torch.unwrap` turns a model whose parameters were changed into an estimator of scikit-learn
with the same answers; the notes name parameters that scikit-learn cannot be told, which `unwrap` refuses.

`predict_with_std` and `predict_with_cov` are scikit-learn's `predict` with `return_std` and `return_cov`; `staged_*`
give one stacked tensor, shape `(n_stages, n_samples, ...)`.
"""


def _public_names() -> dict[str, str]:
    """Import path of each supported class, by the class's name."""
    present = {cls.__name__ for cls in supported_classes()}
    names = (name for name in registry() if name.startswith("sklearn."))
    return {name.rpartition(".")[2]: name for name in names if name.rpartition(".")[2] in present}


def _refused_names() -> set[str]:
    return {path.rpartition(".")[2] for path in refused_classes()}


def _overlooked(names: dict[str, str]) -> list[str]:
    """Estimators of scikit-learn with inference methods that are neither converted nor refused with a reason."""
    known = {*names, *_refused_names()}
    return [n for n, cls in all_estimators() if n not in known and any(hasattr(cls, m) for m in METHODS)]


def _refusals(path: str) -> str:
    """What the docstring of the module says it refuses."""
    found = re.search(
        r"UnsupportedParameter: (.*?)(?:\n\s*\n|\n\s*\w+: |\Z)", inspect.getdoc(registry()[path]) or "", re.S
    )
    return re.sub(r"\s+", " ", found.group(1)).strip() if found else ""


def _row(record: Record, pair: str, notes: dict[str, int]) -> str:
    cells = []
    for capability in CAPABILITIES:
        key = f"{pair}/{capability}"
        if key in record.gaps:
            numbers = [notes.setdefault(reason, len(notes) + 1) for reason in record.gaps[key]]
            references = " ".join(f"[{number}](#notes)" for number in numbers)
            cells.append(f"{'partly' if key in record.counts else 'no'} {references}")
        else:
            cells.append("✓" if key in record.counts else "·" if capability == "gradient" else "not checked")
    return f"| | `{pair.partition('.')[2]}` | " + " | ".join(cells) + " |"


def _float32(record: Record) -> list[str]:
    """How many labels are the same in float32."""
    if not record.float32:
        return []
    others = {pair: share for pair, share in sorted(record.float32.items()) if share < 1}
    lines = ["## Labels in float32\n", record.float32_summary() + "."]
    lines += ["The others, with the share of equal labels in the least favourable test case:\n"] if others else []
    return [*lines, *(f"- `{pair}` {share:.1%}" for pair, share in others.items()), ""]


def render(record: Record) -> str:
    """The document."""
    names, notes = _public_names(), {}
    complete = len(record.complete())
    share = f"{complete} of {len(record.pairs)} ({complete / len(record.pairs):.1%})"
    lines = [
        INTRODUCTION,
        f"{len(names)} classes. Exact, and pass script, compile, export and ONNX: {share} pairs of class and method.\n",
    ]
    order = list(METHODS)
    for module in sorted({path.rpartition(".")[0] for path in names.values()}):
        lines += [f"## {module}\n", "| class | method | " + " | ".join(CAPABILITIES.values()) + " |"]
        lines.append("|---|---|" + "---|" * len(CAPABILITIES))
        for name in sorted(n for n, path in names.items() if path.rpartition(".")[0] == module):
            lines.append(f"| **{name}** |" + " |" * (len(CAPABILITIES) + 1))
            pairs = [pair for pair in record.pairs if pair.partition(".")[0] == name]
            lines += [_row(record, p, notes) for p in sorted(pairs, key=lambda p: order.index(p.partition(".")[2]))]
        lines.append("")
    lines += _float32(record)
    lines += ["## Notes\n", *(f"{number}. {reason}" for reason, number in notes.items())]
    lines += ["", "## Refused\n", "`wrap` raises `UnsupportedParameter`, and says what to do, for:\n"]
    refused = {name: _refusals(path) for name, path in sorted(names.items())}
    lines += [f"- **{name}**: {text}" for name, text in refused.items() if text]
    lines += [
        f"- **{path.rpartition('.')[2]}** ({path}): {reason}" for path, reason in sorted(refused_classes().items())
    ]
    others = sorted(name for name, _ in all_estimators() if name not in names and name not in _refused_names())
    lines += ["", "## Not converted\n", "These have no method that answers for new data:", ", ".join(others) + "."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, help="written by pytest --record")
    parser.add_argument("--check", action="store_true", help="fail where the document is stale, write nothing")
    arguments = parser.parse_args()
    record = Record.from_dict(json.loads(arguments.record.read_text()))
    unchecked = [
        f"{pair}/{c}" for pair in record.pairs for c in REQUIRED if not {f"{pair}/{c}"} & {*record.counts, *record.gaps}
    ]
    if unchecked:
        sys.exit(f"mark a case that has them as primary: {', '.join(unchecked)}")
    if overlooked := _overlooked(_public_names()):
        sys.exit(f"convert them, or refuse them with a reason: {', '.join(overlooked)}")
    text = render(record)
    if not arguments.check:
        DOCUMENT.write_text(text)
    else:
        written = DOCUMENT.read_text() if DOCUMENT.exists() else ""
        changes = difflib.unified_diff(written.splitlines(), text.splitlines(), "written", "now", lineterm="", n=0)
        if lines := list(changes):
            sys.exit("\n".join([*lines, f"{DOCUMENT.name} is stale: run `make support`."]))


if __name__ == "__main__":
    main()
