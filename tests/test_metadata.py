"""What an artifact says about itself, read without loading it."""

import importlib
import json
import struct
import sys
import zipfile

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sk2torch
from sk2torch.base import ArtifactError
from sk2torch.export import load_runtime, read_metadata
from sk2torch.export.metadata import describe, encoding_of
from sk2torch.export.onnx_properties import metadata_properties
from tests.cases import data

SUFFIXES = [".pt", ".pt2", ".onnx", ".safetensors"]


@pytest.fixture(scope="module")
def model():
    frame, y = data.mixed_table()
    columns = ColumnTransformer([("strings", OneHotEncoder(handle_unknown="ignore"), ["city"])], remainder="drop")
    pipeline = make_pipeline(columns, LogisticRegression()).fit(frame, np.array(["no", "yes"])[y])
    return sk2torch.wrap(pipeline)


@pytest.fixture(scope="module", params=SUFFIXES)
def artifact(request, model, tmp_path_factory):
    return sk2torch.export(model, tmp_path_factory.mktemp("artifact") / f"model{request.param}")


def test_it_says_what_is_in_the_file(artifact):
    found = read_metadata(artifact)
    assert found["versions"]["scikit-learn"]
    assert list(found["methods"]) == ["predict", "predict_proba", "predict_log_proba", "decision_function"]
    assert found["dtype"] == "float64"
    assert found["n_bytes"] > 0
    parts = found["estimator"]["parts"]
    assert found["estimator"]["class"] == "TorchPipeline"
    assert [part["class"] for part in parts] == ["TorchColumnTransformer", "TorchLogisticRegression"]
    assert parts[0]["parts"][0]["class"] == "TorchOneHotEncoder"
    kinds = {entry["name"]: entry["kind"] for entry in found["features"]}
    assert kinds["city"] == "string"
    assert set(kinds.values()) == {"string", "unused"}


def test_nothing_is_loaded(artifact, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("loaded")

    loaders = {"torch.jit": "load", "onnxruntime": "InferenceSession", "onnx": "load"}
    loaders |= {"sk2torch.export.pt2": "load_pt2", "sk2torch.export.safetensors": "build"}
    for module, name in loaders.items():
        # Not by a dotted path: `sk2torch.export` is the function.
        monkeypatch.setattr(importlib.import_module(module), name, refuse)
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert read_metadata(artifact)["module"] == "TorchPipeline"
    # A safetensors file says that it is damaged, whatever building it raised.
    with pytest.raises((AssertionError, ArtifactError), match="loaded"):
        load_runtime(artifact)


def test_equal_parts_and_columns_are_told_once():
    X, y = data.regression()
    pipeline = make_pipeline(StandardScaler(), BaggingRegressor(Ridge(), n_estimators=12)).fit(X, y)
    found = describe(sk2torch.wrap(pipeline), {})
    (members,) = found["estimator"]["parts"][1]["parts"]
    assert (members["class"], members["repeat"]) == ("TorchLinearRegression", 12)
    assert found["features"] == [{"name": None, "kind": "number", "repeat": X.shape[1]}]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_no_artifact(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    with pytest.raises(FileNotFoundError, match="no file"):
        read_metadata(path)
    for content in (b"", b"not a model", b"\x00" * 100, b"\xff" * 100, bytes(range(256))):
        path.write_bytes(content)
        with pytest.raises(ArtifactError):
            read_metadata(path)


def test_a_truncated_file(artifact, tmp_path):
    whole = artifact.read_bytes()
    path = tmp_path / artifact.name
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        try:
            found = read_metadata(path)
        except ArtifactError:
            continue
        # A format with its metadata in front of the rest.
        assert found["format"] == "sk2torch"


def test_a_model_of_others(tmp_path):
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"")
    with pytest.raises(ArtifactError, match="no sk2torch metadata"):
        read_metadata(path)


@pytest.mark.parametrize(
    "change", [{"format_version": None}, {"methods": 3}, {"encoding": []}, {"dtype": {}}, {"data": {"file": 1}}]
)
def test_entries_of_another_kind(tmp_path, change):
    path = tmp_path / "model.pt"
    kinds = {"versions": {}, "module": "", "methods": {}, "dtype": "float64", "n_features_in": 1}
    sound = {"format": "sk2torch", "format_version": 1, "encoding": {}, "decoding": {}, **kinds}
    for content in (sound, {**sound, **change}):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model/extra/sk2torch.json", json.dumps(content))
        if content is sound:
            assert read_metadata(path) == sound
    with pytest.raises(ArtifactError, match=f"nothing sensible of {next(iter(change))}"):
        read_metadata(path)
    with pytest.raises(ArtifactError, match="columns make no sense"):
        encoding_of(sound)


def test_absurd_sizes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.import_module("sk2torch.export.metadata"), "MAX_BYTES", 1000)
    path = tmp_path / "model.pt2"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/extra/sk2torch.json", b" " * 1001)
    with pytest.raises(ArtifactError, match="claims 1,001 bytes"):
        read_metadata(path)
    path = tmp_path / "model.onnx"
    path.write_bytes(field(14, b" " * 1001))
    with pytest.raises(ArtifactError, match="claims 1,001 bytes"):
        read_metadata(path)


def varint(value):
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def test_onnx_properties_among_other_fields(tmp_path):
    path = tmp_path / "model.onnx"
    fixed = varint(3 << 3 | 1) + struct.pack("<d", 1.0) + varint(4 << 3 | 5) + struct.pack("<f", 1.0)
    text = json.dumps({"a": "ü"})
    graph = field(7, field(14, field(1, b"k") + field(2, b"of the graph")))
    entry = field(14, field(1, b"sk2torch.json") + field(2, text.encode()))
    path.write_bytes(varint(1 << 3) + varint(300) + fixed + graph + entry + field(14, field(1, b"empty")))
    assert metadata_properties(path, 1000) == {"sk2torch.json": text, "empty": ""}
    path.write_bytes(entry + varint(2 << 3 | 2) + varint(2**40))
    with pytest.raises(ArtifactError, match="beyond the end"):
        metadata_properties(path, 1000)
    path.write_bytes(field(14, field(1, b"\xff")))
    with pytest.raises(ArtifactError, match="not an ONNX file"):
        metadata_properties(path, 1000)
