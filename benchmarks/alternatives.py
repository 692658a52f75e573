"""How much of the contract's table of cases each converter answers, and how exactly.

Every case whose input is a table of numbers is fitted once; sk2torch and each peer convert the same fitted objects
and answer the same rows. Peers run in environments of their own (``make alternatives`` makes them).
"""

import argparse
import contextlib
import json
import pickle
import platform
import subprocess
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

import sk2torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests import checks
from tests.cases import CASES, class_name, fitted, query

# Those that every converter offers.
METHODS = ("predict", "predict_proba", "transform")
# Relative errors up to which a continuous answer counts as exact, or as float32 rounding.
EXACT, CLOSE = 1e-9, 1e-4
VERDICTS = ("exact", "float32", "wrong", "refused")
RESULTS = Path(__file__).parent / "results" / "alternatives.json"


def collect() -> tuple[dict[str, tuple[bytes, np.ndarray, list[str]]], dict[str, dict[str, Any]]]:
    """Questions (pickled estimator, rows, methods) and scikit-learn's answers, by case."""
    questions, expected = {}, {}
    for name in track(CASES, description="fitting", transient=True):
        X = query(name)
        if not isinstance(X, np.ndarray) or X.dtype.kind != "f" or X.ndim != 2:
            continue
        estimator = fitted(name)
        answers = {}
        for method in METHODS:
            # Some models have a method that does not answer.
            with contextlib.suppress(AttributeError, NotImplementedError, ValueError):
                answers[method] = checks.sklearn_call(estimator, method, X)
        expected[name] = {m: a for m, a in answers.items() if not isinstance(a, list)}
        try:
            questions[name] = (pickle.dumps(estimator), X, list(expected[name]))
        except (pickle.PicklingError, AttributeError):
            # A case with a local function as a parameter cannot travel to another process.
            del expected[name]
    return questions, expected


def verdict(actual: Any, expected: Any) -> str:
    """One of ``VERDICTS``."""
    if actual is None or isinstance(actual, str):
        return "refused"
    a, e = checks.dense(actual), checks.dense(expected)
    if a.size != e.size:
        return "wrong"
    # A column instead of a vector is a matter of taste.
    a = a.reshape(e.shape)
    if e.dtype.kind in "fc" and a.dtype.kind in "fiub":
        error = checks.relative_error(a, e)
        return "exact" if error <= EXACT else "float32" if error <= CLOSE else "wrong"
    return "exact" if np.array_equal(a.astype(e.dtype) if a.dtype.kind in "fiub" else a, e) else "wrong"


def ours(questions: dict[str, tuple[bytes, np.ndarray, list[str]]]) -> dict[str, Any]:
    """sk2torch's answers."""
    answers: dict[str, Any] = {}
    for name, (blob, X, methods) in track(questions.items(), description="sk2torch", transient=True):
        predictor = sk2torch.Predictor(sk2torch.wrap(pickle.loads(blob)))
        answers[name] = {m: getattr(predictor, m)(X) for m in methods}
    return answers


def ask(peer: str, python: Path, folder: Path) -> dict[str, Any]:
    """A peer's answers, from its own environment."""
    script = Path(__file__).parent / "peer_answers.py"
    # From the folder of questions, so that the peer never imports this tree.
    subprocess.run(
        [str(python.absolute()), str(script), peer, str(folder)], check=True, cwd=folder, capture_output=True
    )
    return pickle.loads((folder / f"answers-{peer}.pkl").read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help="peer and its interpreter")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    questions, expected = collect()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "questions.pkl").write_bytes(pickle.dumps(questions))
        answers = {"sk2torch": ours(questions)}
        for entry in options.peer:
            peer, _, python = entry.partition("=")
            with Console().status(f"asking {peer}"):
                answers[peer] = ask(peer, Path(python), folder)
    table = Table(
        title=f"{len(questions)} fitted models, {sum(map(len, expected.values()))} methods", title_justify="left"
    )
    for heading in ("converter", "classes", *VERDICTS):
        table.add_column(heading, justify="right")
    summary: dict[str, Any] = {}
    for peer, by_case in answers.items():
        tally = dict.fromkeys(VERDICTS, 0)
        right: set[str] = set()
        wrong: list[str] = []
        for case, methods in expected.items():
            got = by_case[case] if isinstance(by_case[case], dict) else {}
            verdicts = [verdict(got.get(m), e) for m, e in methods.items()]
            for method, v in zip(methods, verdicts, strict=True):
                tally[v] += 1
                wrong += [f"{case}.{method}"] if v == "wrong" else []
            if set(verdicts) <= {"exact", "float32"}:
                right.add(class_name(CASES[case]))
        summary[peer] = {"classes": len(right), **tally, "wrong_answers": wrong}
        table.add_row(peer, str(len(right)), *(str(tally[v]) for v in VERDICTS))
    Console().print(table)
    packages = {p: version(p) for p in ("scikit-learn", "torch", "numpy", "sk2torch")}
    RESULTS.parent.mkdir(exist_ok=True)
    result = {"python": platform.python_version(), "versions": packages, "models": len(questions), "summary": summary}
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
