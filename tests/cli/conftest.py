"""A mixed pipeline over flights: strings, numbers and missing values; fitted once, and as files."""

import contextlib
import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from typer.testing import CliRunner

import sk2torch
from sk2torch.cli.app import app
from tests.cases import data

ROOT = Path(__file__).parent.parent.parent
TRAIN_ROWS, TEST_ROWS = 1_500, 2_500
# What the median imputer's file holds besides what skops trusts.
TRUST = ["--trust", "numpy.dtype"]


@dataclass(frozen=True)
class Flights:
    """The pipeline in memory and as files, and rows of flights."""

    folder: Path
    estimator: Pipeline
    rows: pd.DataFrame
    late: np.ndarray

    def path(self, name: str) -> str:
        return str(self.folder / name)


def _example():
    spec = importlib.util.spec_from_file_location("flights_example", ROOT / "examples" / "flights.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def flights(tmp_path_factory):
    """Files: model.skops, model.joblib, model.pt, model.safetensors, rows.csv, rows.parquet."""
    example = _example()
    X, y = example.load_flights()
    order = np.random.default_rng(0).permutation(len(X))[: TRAIN_ROWS + TEST_ROWS]
    train, test = order[:TRAIN_ROWS], order[TRAIN_ROWS:]
    labels = np.array(["on time", "late"])
    columns = example.kernel_machine(0)[0]
    estimator = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(
        X.iloc[train], labels[y[train].astype(int)]
    )
    folder = tmp_path_factory.mktemp("flights")
    skops.io.dump(estimator, folder / "model.skops")
    joblib.dump(estimator, folder / "model.joblib")
    for suffix in (".pt", ".safetensors"):
        sk2torch.export(sk2torch.wrap(estimator), folder / f"model{suffix}")
    rows, late = X.iloc[test].reset_index(drop=True), labels[y[test].astype(int)]
    # In another order, with a label: as they come.
    table = rows[rows.columns[::-1]].assign(late=late)
    table.to_csv(folder / "rows.csv", index=False)
    table.to_parquet(folder / "rows.parquet")
    return Flights(folder, estimator, rows, late)


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def cli():
    """Runs a command and returns its outcome; an error that no one foresaw is raised."""

    def run(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, " ".join(result.stderr.split()))

    return run


@pytest.fixture
def refused(cli):
    """Runs a command that ends with exit code 2, a line and no traceback; returns what it said."""

    def run(*arguments):
        outcome = cli(*arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert "Traceback" not in outcome.err
        return outcome.err

    return run


@pytest.fixture
def sklearn_blocked(monkeypatch):
    """Importing scikit-learn anew fails."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("sklearn", "skops")]:
        monkeypatch.setitem(sys.modules, name, None)
    with contextlib.suppress(ImportError):
        importlib.import_module("sklearn")
        raise AssertionError("scikit-learn is there")


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """A model of numbers without names, its rows, and both as files."""
    X, y = data.multiclass()
    estimator = LogisticRegression(max_iter=1000).fit(X, y)
    folder = tmp_path_factory.mktemp("numbers")
    sk2torch.export(sk2torch.wrap(estimator), folder / "model.pt")
    np.save(folder / "rows.npy", X)
    pd.DataFrame(X).assign(label=y).to_csv(folder / "rows.csv", index=False)
    return folder, estimator, X
