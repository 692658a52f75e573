"""examples/cpp: built against the installed wheel, run on the flights, compared with scikit-learn."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import sk2torch
from tests import flights

SOURCES = Path(__file__).parent.parent / "examples" / "cpp"
MISSING = [tool for tool in ("cmake", os.environ.get("CXX", "g++")) if shutil.which(tool) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)} not installed")

METHOD = "predict_proba"


def command(*arguments: object) -> str:
    result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return result.stderr


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    build = tmp_path_factory.mktemp("build")
    command("cmake", "-S", SOURCES, "-B", build, f"-DCMAKE_PREFIX_PATH={torch.utils.cmake_prefix_path}")
    command("cmake", "--build", build)
    return build / "score"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("flights")


@pytest.fixture(scope="module")
def model():
    return sk2torch.wrap(flights.fitted()[0])


@pytest.fixture(scope="module")
def package(model, folder):
    return sk2torch.export(model, folder / "flights.pt2", [METHOD], aot=True)


@pytest.fixture(scope="module")
def encoded(model):
    _, X = flights.fitted()
    return pd.DataFrame(model.encode(X).numpy(), columns=[column.name for column in model.encoding.columns])


def refusal(program, *arguments) -> str:
    result = subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1, result.stderr
    return result.stderr


@pytest.mark.parametrize("repeats", [1, 10], ids=["one batch", "two batches"])
def test_flights_are_scored_as_by_scikit_learn(program, package, encoded, tmp_path, repeats):
    pipeline, X = flights.fitted()
    assert X.isna().to_numpy().any()
    table, output = tmp_path / "flights.csv", tmp_path / "scores.csv"
    pd.concat([encoded] * repeats).to_csv(table, index=False)
    assert command(program, package, METHOD, table, output).startswith(f"{len(X) * repeats} rows")
    scores = pd.read_csv(output)
    assert list(scores) == ["predict_proba_0", "predict_proba_1"]
    expected = np.tile(pipeline.predict_proba(X), (repeats, 1))
    np.testing.assert_allclose(scores.to_numpy(), expected, rtol=0, atol=1e-12)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flights.csv", "scores.csv"]


def test_no_rows(program, package, encoded, tmp_path):
    table, output = tmp_path / "flights.csv", tmp_path / "scores.csv"
    encoded[:0].to_csv(table, index=False)
    command(program, package, METHOD, table, output)
    assert output.read_text() == "predict_proba_0,predict_proba_1\n"


def cells(rows: str) -> str:
    return ",".join("abcdefghijk") + "\n" + rows


ROW = "1,2,3,4,5,6,7,8,9,10,"
BAD = {
    "empty": ("", r"table.csv: is empty"),
    "narrow": ("a,b\n1,2\n", r"has 2 columns, the model takes 11"),
    "text": (cells(ROW + "\n" + ROW + "late\n"), r"table.csv, line 3, column 11: 'late' is not a number"),
    "ragged": (cells(ROW + "\n1,2,3\n"), r"table.csv, line 3: expected 11 cells, got 3"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_tables(program, package, tmp_path, kind):
    content, message = BAD[kind]
    table, output = tmp_path / "table.csv", tmp_path / "scores.csv"
    table.write_text(content)
    assert message in refusal(program, package, METHOD, table, output)
    assert list(tmp_path.iterdir()) == [table]


def test_missing_files_and_methods(program, package, encoded, tmp_path):
    table, output = tmp_path / "table.csv", tmp_path / "scores.csv"
    assert "no such file" in refusal(program, tmp_path / "model.pt2", METHOD, table, output)
    assert "table.csv: cannot be read" in refusal(program, package, METHOD, table, output)
    encoded.to_csv(table, index=False)
    assert "transform" in refusal(program, package, "transform", table, output)
    assert "cannot be written" in refusal(program, package, METHOD, table, tmp_path / "nowhere" / "scores.csv")
    assert list(tmp_path.iterdir()) == [table]
