"""convert to every format, with the options of each; the flights go all the way by one command each."""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier

from sk2torch.export import load_runtime, onnx_storage
from tests import flights as boosting
from tests.cases import data
from tests.cli.conftest import ROOT

TRUST = ["--trust", "sklearn.tree._tree.Tree"]
METHODS = ["--method", "predict", "--method", "predict_proba"]


@pytest.fixture(scope="module")
def forest(tmp_path_factory):
    """A forest as .skops, and its rows."""
    X, y = data.words()
    folder = tmp_path_factory.mktemp("forest")
    skops.io.dump(RandomForestClassifier(3, max_depth=4, random_state=0).fit(X, y), folder / "model.skops")
    np.save(folder / "rows.npy", X)
    return folder


def test_trees_blocks_and_no_table(forest, cli, tmp_path):
    out = tmp_path / "model.onnx"
    options = ("--trees", "TreeEnsemble", "--blocks", "--no-table", "--dtype", "float32", "--opset", 20)
    outcome = cli("convert", forest / "model.skops", out, *TRUST, *options, "--method", "predict", "--json")
    assert outcome.code == 0, outcome
    assert outcome.json["dtype"] == "float32"
    graph = onnx.load(out)
    assert "TreeEnsemble" in {node.op_type for node in graph.graph.node}
    # Labels are indices.
    assert graph.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.INT64


@pytest.mark.parametrize("backend", ["onnx", "pytorch"])
def test_triton(forest, cli, tmp_path, backend):
    out = tmp_path / "forest"
    options = ("--format", "triton", "--backend", backend, "--max-batch-size", 16, "--method", "predict_proba")
    outcome = cli("convert", forest / "model.skops", f"{out}/", *TRUST, *options, "--verify", forest / "rows.npy")
    assert outcome.code == 0, outcome
    assert "pass" in outcome.out
    assert "max_batch_size: 16" in (out / "config.pbtxt").read_text()
    assert cli("inspect", out, "--json").json["methods"] == ["predict_proba"]
    assert [path.name for path in tmp_path.iterdir()] == ["forest"]


def test_numbers_in_a_second_file(forest, cli, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_storage, "INLINE_BYTES", 1024)
    out = tmp_path / "model.onnx"
    arguments = ("--method", "predict", "--verify", forest / "rows.npy", "--json")
    said = cli("convert", forest / "model.skops", out, *TRUST, *arguments).json
    about = cli("inspect", out, "--json").json
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", about["data_file"]]
    assert said["n_bytes"] == about["n_file_bytes"] == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert about["data_file"] in cli("inspect", out).out


@pytest.mark.parametrize(
    ("out", "options", "said"),
    [
        ("model.pt", ["--opset", "20"], "--opset is for .onnx files and --format triton, and 'model.pt' is none"),
        ("model.onnx", ["--aot"], "--aot is for .pt2 files"),
        ("model.pt2", ["--trees", "TreeEnsemble"], "--trees is for .onnx files"),
        ("model.pt2", ["--no-table"], "--table is for .onnx files"),
        ("model.onnx", ["--backend", "onnx"], "--backend is for --format triton"),
        ("model", ["--format", "triton", "--aot"], "--aot is for .pt2 files"),
        ("model", ["--format", "triton", "--backend", "pytorch", "--blocks"], "takes no option ['blocks']"),
        ("model", [], "unknown suffix ''"),
    ],
)
def test_options_of_other_formats(forest, refused, tmp_path, out, options, said):
    assert said in refused("convert", forest / "model.skops", tmp_path / out, *options, *TRUST)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    """The boosting pipeline of the flights as .skops, rows of flights, and where commands run."""
    folder = tmp_path_factory.mktemp("journey")
    pipeline, rows = boosting.fitted()
    skops.io.dump(pipeline, folder / "model.skops")
    rows.to_parquet(folder / "rows.parquet")
    return folder


TRUSTED = [
    "functools.partial",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
]
# What README shows, each a command.
COMMANDS = {
    "ONNX": ["model.onnx", *METHODS],
    "compiled": ["model.pt2", "--aot", "--method", "predict_proba"],
    "Triton": ["repository/flights", "--format", "triton", *METHODS],
    "int8": ["small.safetensors", "--quantize", "forest_ranks"],
}


TRUST_ALL = [argument for name in TRUSTED for argument in ("--trust", name)]


def arguments(target):
    return ["convert", "model.skops", *COMMANDS[target], *TRUST_ALL, "--verify", "rows.parquet", "--json"]


def assert_verified(said):
    assert said["verification"]["passed"]
    assert {m["n_samples"] for m in said["verification"]["methods"]} == {len(boosting.fitted()[1])}


def test_flights_go_to_onnx_by_one_command(journey):
    """In a process of its own."""
    command = [sys.executable, "-m", "sk2torch.cli", *arguments("ONNX")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=journey, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert_verified(json.loads(result.stdout))
    assert_raw_table_is_answered(journey / "model.onnx")


def test_flights_go_to_compiled_code_by_one_command(journey, cli, monkeypatch):
    monkeypatch.chdir(journey)
    assert_verified(cli(*arguments("compiled")).json)
    assert load_runtime("model.pt2").compiled_for == "cpu"


def test_flights_go_to_triton_by_one_command(journey, cli, monkeypatch):
    monkeypatch.chdir(journey)
    assert_verified(cli(*arguments("Triton")).json)
    text = (journey / "repository" / "flights" / "config.pbtxt").read_text()
    assert text.count("data_type: TYPE_STRING") == 4
    assert 'name: "carrier"' in text
    assert_raw_table_is_answered(journey / "repository" / "flights" / "1" / "model.onnx")


def test_flights_go_to_int8_by_one_command(journey, cli, monkeypatch):
    monkeypatch.chdir(journey)
    cli("convert", "model.skops", "model.safetensors", *TRUST_ALL)
    assert_verified(cli(*arguments("int8")).json)
    assert (journey / "small.safetensors").stat().st_size < 0.5 * (journey / "model.safetensors").stat().st_size


def columns(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """The table as a graph takes it: words, an empty one where it is missing, and numbers."""
    is_text = {name: rows[name].dtype.kind not in "if" for name in rows}
    cells = {n: rows[n].fillna("").to_numpy(object) if is_text[n] else rows[n].to_numpy(float) for n in rows}
    return {name: values.reshape(-1, 1) for name, values in cells.items()}


def assert_raw_table_is_answered(path):
    pipeline, rows = boosting.fitted()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    label, probabilities = session.run(["label", "probabilities"], columns(rows))
    np.testing.assert_array_equal(label, pipeline.predict(rows))
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(rows), rtol=0, atol=1e-12)
