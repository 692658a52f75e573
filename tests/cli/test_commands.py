"""convert, inspect, verify, bench and supported: what they say, to people and to scripts."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import onnx
import pandas as pd
import pytest
import skops.io
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import sk2torch
from sk2torch.base import METHODS, registry
from sk2torch.cli import quantizing
from sk2torch.cli.refusals import refusals, summary
from tests.cases import data
from tests.cli.conftest import ROOT, TRUST

METHODS_OF_FLIGHTS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


def another_model(flights, folder):
    """An artifact of the same input and classes that answers otherwise."""
    labels = flights.estimator.predict(flights.rows)
    other = make_pipeline(clone(flights.estimator[0]), LogisticRegression(C=0.01, max_iter=1000))
    return sk2torch.export(sk2torch.wrap(other.fit(flights.rows, labels)), folder / "other.pt")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small model of numbers as .skops, and its rows."""
    X, y = data.words()
    folder = tmp_path_factory.mktemp("small")
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    skops.io.dump(estimator, folder / "model.skops")
    np.save(folder / "rows.npy", X)
    return folder, estimator


def test_convert_and_check(flights, cli, tmp_path):
    out = tmp_path / "model.safetensors"
    outcome = cli("convert", flights.path("model.skops"), out, *TRUST, "--verify", flights.path("rows.csv"))
    assert outcome.code == 0
    assert outcome.out.count("pass") == 4
    assert "model.safetensors: Pipeline, predict, predict_proba" in outcome.out
    assert sk2torch.verify(flights.estimator, out, flights.rows).passed


def test_convert_for_scripts(flights, cli, tmp_path):
    out = tmp_path / "model.pt"
    options = ("--method", "predict", "--method", "predict_proba", "--dtype", "float32", "--json")
    outcome = cli(
        "convert",
        flights.path("model.joblib"),
        out,
        "--trust-pickle",
        *options,
        "--verify",
        flights.path("rows.parquet"),
    )
    assert outcome.code == 0
    said = outcome.json
    assert said["methods"] == ["predict", "predict_proba"]
    assert said["dtype"] == "float32"
    assert said["n_bytes"] == out.stat().st_size
    assert said["verification"]["passed"] is True
    assert said["verification"]["tolerance"] == 1e-3
    assert [m["n_samples"] for m in said["verification"]["methods"]] == [len(flights.rows)] * 2
    assert sk2torch.Predictor(out).dtype == "float32"


@pytest.mark.parametrize("suffix", [".pt2", ".onnx"])
def test_the_suffix_decides(small, cli, tmp_path, suffix):
    folder, _ = small
    out = tmp_path / f"model{suffix}"
    options = ("--opset", 20) if suffix == ".onnx" else ()
    outcome = cli(
        "convert", folder / "model.skops", out, "--method", "predict", *options, "--verify", folder / "rows.npy"
    )
    assert outcome.code == 0, outcome
    assert sk2torch.Predictor(out).methods == ["predict"]
    if suffix == ".onnx":
        assert [entry.version for entry in onnx.load(out).opset_import if entry.domain == ""] == [20]


def test_what_does_not_pass_is_not_written(flights, cli, tmp_path):
    out = tmp_path / "model.pt"
    arguments = ("convert", flights.path("model.skops"), out, *TRUST, "--verify", flights.path("rows.csv"))
    outcome = cli(*arguments, "--tolerance", 0, "--json")
    assert outcome.code == 1
    assert outcome.json["artifact"] is None
    assert outcome.json["verification"]["passed"] is False
    assert "was not written" in outcome.err
    assert not list(tmp_path.iterdir())


def test_an_interrupted_conversion_leaves_the_old_artifact(small, cli, tmp_path, monkeypatch):
    out = tmp_path / "model.pt"
    out.write_bytes(b"old")

    def interrupted(model, path, methods):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(quantizing, "export", interrupted)
    assert cli("convert", small[0] / "model.skops", out).code == 130
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_types_that_skops_does_not_trust_are_named(flights, refused, tmp_path):
    said = refused("convert", flights.path("model.skops"), tmp_path / "model.pt")
    assert "holds types that skops does not trust: numpy.dtype." in said
    assert said.endswith("--trust numpy.dtype")
    assert "numpy.dtype" in refused(
        "convert", flights.path("model.skops"), tmp_path / "model.pt", "--trust", "numpy.int"
    )


@pytest.mark.parametrize("suffix", [".joblib", ".pkl", ".pickle"])
def test_pickles_run_code_and_are_refused(flights, refused, tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    # Loading it would end the process.
    path.write_bytes(b"cos\n_exit\n(I7\ntR.")
    said = refused("convert", path, tmp_path / "model.pt")
    assert "loading a pickle runs whatever code is in it" in said
    assert "--trust-pickle" in said
    assert "skops.io.dump" in said


def test_models_that_cannot_be_read(flights, small, refused, tmp_path):
    out = tmp_path / "model.pt"
    assert "no file" in refused("convert", tmp_path / "model.skops", out)
    assert "expected a model that ends in .skops" in refused("convert", flights.path("model.pt"), out)
    for name in ("model.skops", "model.pkl"):
        (tmp_path / name).write_bytes(b"neither zip nor pickle")
        assert "cannot be read" in refused("convert", tmp_path / name, out, "--trust-pickle")
    skops.io.dump({"a": 1}, tmp_path / "dict.skops")
    assert "holds dict, not a fitted scikit-learn estimator" in refused("convert", tmp_path / "dict.skops", out)
    skops.io.dump(Ridge(), tmp_path / "unfitted.skops")
    assert "has not been fitted" in refused("convert", tmp_path / "unfitted.skops", out)
    assert "has not been fitted" in refused("bench", tmp_path / "unfitted.skops", small[0] / "rows.npy")


def test_what_cannot_be_converted(small, refused, tmp_path):
    folder = small[0]
    model = folder / "model.skops"
    assert "no ['transform']" in refused("convert", model, tmp_path / "model.pt", "--method", "transform")
    assert "unknown suffix '.h5'" in refused("convert", model, tmp_path / "model.h5")
    assert "folder" in refused("convert", model, tmp_path / "nowhere" / "model.pt")
    assert "--opset is for .onnx files" in refused("convert", model, tmp_path / "model.pt", "--opset", 20)
    assert "is the model" in refused("convert", model, model)
    assert "'float16' is not one of" in refused("convert", model, tmp_path / "model.pt", "--dtype", "float16")
    skops.io.dump(FunctionTransformer(np.nansum).fit([[1.0]]), tmp_path / "strange.skops")
    said = refused("convert", tmp_path / "strange.skops", tmp_path / "model.pt")
    assert "FunctionTransformer: func=nansum is no function" in said or "numpy.nansum" in said
    assert not list(tmp_path.glob("model*"))


def test_inspect(flights, cli):
    outcome = cli("inspect", flights.path("model.pt"))
    assert outcome.code == 0
    for word in ("float64", "late, on time", "TorchLogisticRegression", "carrier", "string", "scikit-learn"):
        assert word in outcome.out


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_inspect_for_scripts_without_scikit_learn(flights, cli, monkeypatch, sklearn_blocked, suffix):
    monkeypatch.setattr(torch.jit, "load", None)
    said = cli("inspect", flights.path(f"model{suffix}"), "--json").json
    assert said["methods"] == METHODS_OF_FLIGHTS
    assert said["classes"] == ["late", "on time"]
    assert [entry["name"] for entry in said["features"]] == list(flights.rows.columns)
    assert [entry["kind"] for entry in said["features"]] == ["string"] * 4 + ["number"] * 7
    assert said["estimator"]["parts"][-1]["class"] == "TorchLogisticRegression"
    assert said["n_file_bytes"] == (flights.folder / f"model{suffix}").stat().st_size
    assert set(said["versions"]) == {"sk2torch", "torch", "scikit-learn"}


def test_inspect_refuses_what_is_no_artifact(refused, tmp_path):
    (tmp_path / "model.pt").write_bytes(b"not a model")
    assert "is not an archive of torch" in refused("inspect", tmp_path / "model.pt")
    assert "no file" in refused("inspect", tmp_path / "none.pt")
    kinds = {"versions": {}, "module": "", "methods": {}, "dtype": "float64", "n_features_in": 1}
    about = {"format": "sk2torch", "format_version": 1, "encoding": {}, "decoding": {}, **kinds}
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("model/extra/sk2torch.json", json.dumps(about))
    assert "make no sense" in refused("inspect", tmp_path / "model.pt")
    assert "unknown suffix" in refused("inspect", tmp_path / "model.h5")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_verify(flights, cli, suffix):
    arguments = (flights.path("model.skops"), flights.path("model.pt"), flights.path(f"rows{suffix}"), *TRUST)
    outcome = cli("verify", *arguments)
    assert outcome.code == 0
    assert outcome.out.count("pass") == 4
    assert "100.0000%" in outcome.out
    said = cli("verify", *arguments, "--json", "--rows", 100).json
    assert said["passed"] is True
    assert [m["method"] for m in said["methods"]] == METHODS_OF_FLIGHTS
    assert {m["n_samples"] for m in said["methods"]} == {100}


def test_verify_notices(flights, cli, tmp_path):
    arguments = (flights.path("model.skops"), another_model(flights, tmp_path), flights.path("rows.csv"), *TRUST)
    outcome = cli("verify", *arguments)
    assert outcome.code == 1
    assert "FAIL" in outcome.out
    outcome = cli("verify", *arguments, "--json")
    assert outcome.code == 1
    assert outcome.json["passed"] is False
    assert outcome.json["methods"][0]["agreement"] < 1


def test_verify_without_names(small, cli):
    folder, estimator = small
    artifact = sk2torch.export(sk2torch.wrap(estimator), folder / "verify.pt")
    assert cli("verify", folder / "model.skops", artifact, folder / "rows.npy").code == 0
    pd.DataFrame(np.load(folder / "rows.npy")).assign(label="x").to_csv(folder / "rows.csv", index=False)
    assert cli("verify", folder / "model.skops", artifact, folder / "rows.csv", "--drop", "label").code == 0


def test_verify_explains_rows_that_do_not_fit(flights, refused, tmp_path):
    model, artifact = flights.path("model.skops"), flights.path("model.pt")
    rows = tmp_path / "rows.csv"
    flights.rows.head(0).to_csv(rows, index=False)
    assert "has no rows to compare on" in refused("verify", model, artifact, rows, *TRUST)
    flights.rows.head(5).drop(columns="dest").to_csv(rows, index=False)
    assert "columns are missing: dest" in refused("verify", model, artifact, rows, *TRUST)
    flights.rows.head(5).assign(distance=np.inf).to_csv(rows, index=False)
    assert "do not fit together (ValueError" in refused("verify", model, artifact, rows, *TRUST)


def test_bench(flights, cli):
    options = ("--batch-size", 1, "--batch-size", 50, "--seconds", 0, *TRUST)
    arguments = (flights.path("model.skops"), flights.path("model.pt"), flights.path("model.safetensors"))
    outcome = cli("bench", *arguments, flights.path("rows.csv"), *options, "--json", "--rows", 200)
    assert outcome.code == 0, outcome
    said = outcome.json
    assert said["method"] == "predict_proba"
    targets = ["scikit-learn", "sk2torch", "model.pt", "model.safetensors"]
    assert [(f["batch_size"], f["target"]) for f in said["figures"]] == [(n, t) for n in (1, 50) for t in targets]
    assert all(f["ratio"] == 1 for f in said["figures"] if f["target"] == "scikit-learn")
    assert all(f["rows_per_second"] == f["batch_size"] / f["seconds"] for f in said["figures"])
    assert all(check["passed"] for check in said["checks"].values())
    shown = cli("bench", arguments[0], flights.path("rows.csv"), *options, "--method", "predict", "--rows", 200)
    assert shown.code == 0
    assert "vs scikit-learn" in shown.out
    assert "predict: rows a second" in shown.out


def test_bench_times_nothing_that_answers_otherwise(flights, cli, tmp_path):
    arguments = (flights.path("model.skops"), another_model(flights, tmp_path), flights.path("rows.csv"), *TRUST)
    outcome = cli("bench", *arguments, "--seconds", 0, "--batch-size", 10, "--json")
    assert outcome.code == 1
    assert {f["target"] for f in outcome.json["figures"]} == {"scikit-learn", "sk2torch"}
    assert outcome.json["checks"]["other.pt"]["passed"] is False
    assert "not timed, as they do not answer as the estimator does: other.pt" in outcome.err


def test_bench_refuses(flights, refused, tmp_path):
    model, rows = flights.path("model.skops"), flights.path("rows.csv")
    assert "has no method 'transform' to time" in refused("bench", model, rows, *TRUST, "--method", "transform")
    said = refused("bench", model, rows, *TRUST, "--batch-size", 500, "--rows", 100)
    assert "is more than the 100 rows that there are" in said


def test_supported_lists_them_all(cli):
    said = cli("supported", "--json").json
    assert {name for name in said if name.startswith("sklearn.")} <= set(registry())
    assert len(said) > 190
    assert said["sklearn.svm.SVC"] == ["predict", "predict_proba", "predict_log_proba", "decision_function"]
    assert all(set(methods) <= set(METHODS) for methods in said.values())
    table = cli("supported")
    assert "sklearn.svm" in table.out
    assert "GaussianProcessRegressor" in table.out


def test_supported_says_what_is_refused(cli):
    for name in ("SVC", "svc", "sklearn.svm.SVC"):
        said = cli("supported", name, "--json").json
        assert said["name"] == "sklearn.svm.SVC"
        assert said["supported"] is True
        assert any("expected a named kernel, got a callable" in reason for reason in said["refuses"])
        assert any(reason.startswith("expected break_ties=False") for reason in said["refuses"])
    shown = cli("supported", "SVC")
    assert shown.code == 0
    assert "Votes of one kernel machine per pair of classes" in shown.out
    assert "predict_log_proba" in shown.out


def test_supported_says_why_not(cli, refused):
    outcome = cli("supported", "PatchExtractor")
    assert outcome.code == 1
    assert "not supported" in outcome.out
    assert "torch.nn.functional.unfold" in outcome.out
    outcome = cli("supported", "DBSCAN", "--json")
    assert outcome.code == 1
    assert "no method that answers for new data" in outcome.json["reason"]
    assert "Did you mean" in refused("supported", "LinearSCV")
    assert "LinearSVC" in refused("supported", "LinearSCV")
    assert "lists them all" in refused("supported", "Zzzzzzzz")


def test_every_class_has_a_summary_and_readable_refusals():
    for family in set(registry().values()):
        assert summary(family), family
        assert "Args:" not in summary(family)
        for reason in refusals(family):
            assert reason.strip("… .")


def test_mistakes_in_the_call(refused, cli):
    assert "No such command" in refused("convrt")
    assert "Missing argument" in refused("predict")
    assert cli("--version").out.strip() == sk2torch.__version__
    assert cli("--help").code == 0


def run(*arguments, code=""):
    command = [sys.executable, "-c", code + "from sk2torch.cli import main\nmain()", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_the_extra_is_named_where_it_is_missing(flights):
    result = run("inspect", flights.path("model.pt"), code="import sys\nsys.modules['typer'] = None\n")
    assert result.returncode == 2
    assert result.stderr == "error: the command line needs the package 'typer': pip install 'sk2torch[cli]'.\n"


def test_as_a_process_without_scikit_learn(flights, tmp_path):
    block = "import sys\nsys.modules.update(dict.fromkeys(['sklearn', 'skops', 'joblib', 'scipy']))\n"
    result = run(
        "predict", flights.path("model.safetensors"), flights.path("rows.csv"), str(tmp_path / "o.csv"), code=block
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert len(pd.read_csv(tmp_path / "o.csv")) == len(flights.rows)


def test_importing_the_package_loads_none_of_it():
    code = "import sys, sk2torch\nprint(*{'typer', 'pandas', 'pyarrow', 'skops', 'sk2torch.cli'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_quantized_conversion(small, cli, refused, tmp_path):
    folder, estimator = small
    X, out = np.load(folder / "rows.npy"), tmp_path / "model.safetensors"
    given = ("convert", folder / "model.skops", out)
    assert cli(*given, "--quantize", "weight_only", "--calibrate", folder / "rows.npy").code == 0
    assert np.mean(sk2torch.Predictor(out).predict(X) == estimator.predict(X)) > 0.95
    graph = tmp_path / "model.onnx"
    options = ("--dtype", "float32", "--method", "predict", "--quantize", "onnx_static")
    assert cli("convert", folder / "model.skops", graph, *options, "--calibrate", folder / "rows.npy").code == 0
    assert np.mean(sk2torch.Predictor(graph).predict(X) == estimator.predict(X)) > 0.9
    assert "--quantize takes weight_only" in refused(*given, "--quantize", "int4")
    assert "is for .onnx files" in refused(*given, "--quantize", "onnx_dynamic")
    assert "nothing that mode 'forest_ranks'" in refused(*given, "--quantize", "forest_ranks")
    assert "--leaf-dtype is for --quantize forest_ranks" in refused(
        *given, "--quantize", "dynamic", "--leaf-dtype", "float16"
    )
