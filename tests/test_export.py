"""Writing and reading artifacts: what is refused, what is never lost."""

import os

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sk2torch
from sk2torch.export import load_runtime
from tests.cases import data

SUFFIXES = [".pt", ".pt2", ".onnx"]


@pytest.fixture(scope="module")
def pipeline():
    X, y = data.words()
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)


@pytest.fixture(scope="module")
def model(pipeline):
    return sk2torch.wrap(pipeline)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_artifacts_answer_and_decode_like_the_estimator(pipeline, model, tmp_path, suffix):
    path = sk2torch.export(model, tmp_path / f"model{suffix}")
    X, _ = data.words()
    predictor = sk2torch.Predictor(path)
    assert predictor.methods == ["predict", "predict_proba", "predict_log_proba", "decision_function"]
    np.testing.assert_array_equal(predictor.predict(X), pipeline.predict(X))
    np.testing.assert_array_equal(predictor.classes_, pipeline.classes_)
    assert sk2torch.verify(pipeline, path, X).passed
    assert predictor.predict_proba(X[:0]).shape == (0, 3)
    assert not hasattr(predictor, "transform")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_methods_can_be_chosen(model, tmp_path, suffix):
    path = sk2torch.export(model, tmp_path / f"model{suffix}", methods=["predict_proba"])
    assert sk2torch.Predictor(path).methods == ["predict_proba"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_chosen_method_that_calls_another(tmp_path, suffix):
    X, y = data.multiclass()
    estimator = GaussianNB().fit(X, y)
    path = sk2torch.export(sk2torch.wrap(estimator), tmp_path / f"model{suffix}", methods=["predict"])
    predictor = sk2torch.Predictor(path)
    assert predictor.methods == ["predict"]
    np.testing.assert_array_equal(predictor.predict(X), estimator.predict(X))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_float32_models_export(pipeline, tmp_path, suffix):
    model = sk2torch.wrap(pipeline, dtype=torch.float32)
    report = sk2torch.verify(pipeline, sk2torch.export(model, tmp_path / f"model{suffix}"), data.words()[0])
    assert report.tolerance == 1e-3
    assert report.passed


def test_pt2_opens_with_the_public_loader(model, tmp_path):
    path = sk2torch.export(model, tmp_path / "model.pt2", methods=["predict_proba", "predict"])
    x = model.encode(data.words()[0])
    assert torch.equal(torch.export.load(path).module()(x), model.predict_proba(x))


def test_onnx_names(model, tmp_path):
    proto = onnx.load(sk2torch.export(model, tmp_path / "model.onnx"))
    assert [i.name for i in proto.graph.input] == ["X"]
    assert [o.name for o in proto.graph.output] == ["label", "probabilities", "log_probabilities", "scores"]
    assert {o.type.tensor_type.shape.dim[0].dim_param for o in proto.graph.output} == {"batch"}


def test_onnx_opset(model, tmp_path):
    proto = onnx.load(sk2torch.export(model, tmp_path / "model.onnx", opset_version=20))
    assert [entry.version for entry in proto.opset_import if entry.domain == ""] == [20]


@pytest.mark.parametrize("opset", [17, 99])
def test_opsets_that_cannot_be_written(model, tmp_path, opset):
    with pytest.raises(sk2torch.ArtifactError, match=rf"opset_version from 18 to \d+, got {opset}"):
        sk2torch.export(model, tmp_path / "model.onnx", opset_version=opset)


def test_an_opset_that_the_runtime_does_not_run(model, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("opset 20 is under development")

    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    with pytest.raises(sk2torch.ArtifactError, match="does not run opset_version=20"):
        sk2torch.export(model, tmp_path / "model.onnx", methods=["predict"], opset_version=20)
    assert not list(tmp_path.iterdir())


def test_unknown_suffix(model, tmp_path):
    with pytest.raises(sk2torch.ArtifactError, match=r"unknown suffix '.h5'.*\.pt, \.pt2, \.onnx"):
        sk2torch.export(model, tmp_path / "model.h5")
    with pytest.raises(sk2torch.ArtifactError, match=r"unknown suffix"):
        sk2torch.Predictor(tmp_path / "model.h5")


def test_method_that_the_model_lacks(model, tmp_path):
    with pytest.raises(sk2torch.ArtifactError, match=r"no \['transform'\]"):
        sk2torch.export(model, tmp_path / "model.pt2", methods=["transform"])


def test_inverse_transform_does_not_share_an_onnx_graph(tmp_path):
    scaler = sk2torch.wrap(StandardScaler().fit(data.regression()[0]))
    with pytest.raises(sk2torch.ArtifactError, match=r"inverse_transform takes another input"):
        sk2torch.export(scaler, tmp_path / "scaler.onnx", methods=["transform", "inverse_transform"])


def test_an_estimator_is_not_a_model(pipeline, tmp_path):
    with pytest.raises(TypeError, match=r"wrap"):
        sk2torch.export(pipeline, tmp_path / "model.pt2")


def test_missing_folder_and_missing_file(model, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder"):
        sk2torch.export(model, tmp_path / "nowhere" / "model.pt2")
    with pytest.raises(FileNotFoundError, match=r"no file"):
        sk2torch.Predictor(tmp_path / "model.pt2")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_interrupted_export_keeps_the_old_file(model, tmp_path, suffix, monkeypatch):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sk2torch.export(model, path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("damage", ["truncated", "garbage", "empty"])
def test_damaged_files_are_refused(model, tmp_path, suffix, damage):
    path = sk2torch.export(model, tmp_path / f"model{suffix}", methods=["predict"])
    content = path.read_bytes()
    path.write_bytes({"truncated": content[: len(content) // 2], "garbage": b"garbage" * 50, "empty": b""}[damage])
    with pytest.raises(sk2torch.ArtifactError, match=r"damaged|metadata"):
        load_runtime(path)


def test_files_of_others_are_refused(tmp_path):
    path = tmp_path / "other.pt"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), path)
    with pytest.raises(sk2torch.ArtifactError, match=r"no sk2torch metadata"):
        sk2torch.Predictor(path)


def test_options_that_a_format_lacks(model, tmp_path):
    with pytest.raises(TypeError, match=r"opset_version"):
        sk2torch.export(model, tmp_path / "model.pt", opset_version=18)


@sk2torch.register("tests.test_export.Constants")
class TorchConstants(sk2torch.TorchEstimator):
    """Constants that float32 does not hold, in several roles."""

    @classmethod
    def from_sklearn(cls, estimator, columns):
        return cls(estimator.n_features_in_)

    def transform(self, x: torch.Tensor) -> torch.Tensor:
        x = self.prepare(x) * 0.1 + 9.189385332046727
        return torch.where(x > 9.3, x / 0.3, x.clamp(min=9.1)) - torch.full_like(x, 0.7)


class Constants(StandardScaler):
    """A stand-in for a user's own estimator."""


def test_onnx_keeps_constants_in_float64(tmp_path):
    X, _ = data.regression()
    model = sk2torch.wrap(Constants().fit(X))
    actual = sk2torch.Predictor(sk2torch.export(model, tmp_path / "model.onnx")).transform(X)
    np.testing.assert_allclose(actual, sk2torch.Predictor(model).transform(X), rtol=1e-15)


def test_onnx_refuses_an_exporter_that_may_round(model, tmp_path, monkeypatch):
    from torch.onnx._internal.exporter import _building

    monkeypatch.delattr(_building, "_get_or_create_constant")
    with pytest.raises(sk2torch.ArtifactError, match=r"round float64 constants"):
        sk2torch.export(model, tmp_path / "model.onnx")
