"""``.pt2`` with compiled code: run where it fits, checked where the code itself is not, left out elsewhere."""

import importlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler
from sklearn.svm import SVC

import sk2torch
from sk2torch.export import load_runtime
from tests import checks
from tests.cases import data

METHODS = ["predict", "predict_proba"]
# sk2torch.export, the function, hides the package.
ahead_of_time = importlib.import_module("sk2torch.export.ahead_of_time")


@pytest.fixture(scope="module")
def estimator():
    X, y = data.words()
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)


@pytest.fixture(scope="module")
def artifact(estimator, tmp_path_factory):
    path = tmp_path_factory.mktemp("aot") / "model.pt2"
    return sk2torch.export(sk2torch.wrap(estimator), path, METHODS, aot=True)


def refuse_to_load(*_):
    raise AssertionError("compiled code was loaded")


def test_compiled_code_answers(estimator, artifact):
    X, _ = data.words()
    predictor = sk2torch.Predictor(artifact)
    assert load_runtime(artifact).compiled_for == "cpu"
    assert predictor.methods == METHODS
    for rows in (len(X), 2, 1):
        np.testing.assert_array_equal(predictor.predict(X[:rows]), estimator.predict(X[:rows]))
        np.testing.assert_allclose(
            predictor.predict_proba(X[:rows]), estimator.predict_proba(X[:rows]), rtol=0, atol=1e-12
        )
    assert predictor.predict_proba(X[:0]).shape == (0, 3)
    assert sk2torch.verify(estimator, artifact, X).passed


def test_rows_that_are_not_contiguous(estimator, artifact):
    X = np.asfortranarray(data.words()[0])
    result = load_runtime(artifact).call("predict_proba", torch.from_numpy(X))
    np.testing.assert_allclose(result.numpy(), estimator.predict_proba(X), rtol=0, atol=1e-12)


@pytest.mark.parametrize("change", ["narrow", "wide", "vector", "float32"])
def test_inputs_that_the_code_would_misread(artifact, change):
    x = torch.from_numpy(data.words()[0])
    bad = {"narrow": x[:, 1:], "wide": torch.cat([x, x], dim=1), "vector": x[:, 0], "float32": x.float()}[change]
    with pytest.raises(
        sk2torch.InputError, match=rf"predict: expected a torch.float64 tensor of shape \(n, {x.shape[1]}\)"
    ):
        load_runtime(artifact).call("predict", bad)


def test_code_and_programs_load_with_torch_alone(estimator, artifact):
    X, _ = data.words()
    x = artifact.parent / "x.pt"
    torch.save(torch.from_numpy(X), x)
    code = (
        "import sys; sys.modules.update(sk2torch=None, sklearn=None)\n"
        "import torch\n"
        "from torch._inductor.package import load_package\n"
        f"x = torch.load({str(x)!r})\n"
        f"code = load_package({str(artifact)!r}, 'predict_proba')\n"
        f"program = torch.export.load({str(artifact)!r}).module()\n"
        "print(code.get_metadata()['input_shape'], code.get_metadata()['input_dtype'])\n"
        f"torch.save((code(x), program(x)), {str(x)!r})"
    )
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [f"-1,{X.shape[1]}", "float64"]
    probabilities, indices = torch.load(x)
    np.testing.assert_allclose(probabilities, estimator.predict_proba(X), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(estimator.classes_[indices], estimator.predict(X))


@pytest.mark.parametrize("key", ["torch", "system", "machine", "features"])
def test_another_machine_runs_the_programs(estimator, artifact, monkeypatch, key):
    here = ahead_of_time._processor("cpu")
    there = {**here, key: here[key][1:]}
    monkeypatch.setattr(ahead_of_time, "_processor", lambda device: there)
    monkeypatch.setattr(torch._C._aoti, "AOTIModelPackageLoader", refuse_to_load)
    assert load_runtime(artifact).compiled_for is None
    X, _ = data.words()
    np.testing.assert_array_equal(sk2torch.Predictor(artifact).predict(X), estimator.predict(X))


def test_a_processor_that_does_more_runs_the_code(monkeypatch):
    here = ahead_of_time._processor("cpu")
    about = {"targets": [{"device": "cpu", "names": {}, **here}]}
    monkeypatch.setattr(ahead_of_time, "_processor", lambda device: {**here, "features": [*here["features"], "newer"]})
    assert ahead_of_time.fitting_target(about) == about["targets"][0]


def test_code_for_a_gpu_needs_one(monkeypatch):
    here = ahead_of_time._processor("cpu")
    targets = [{"device": device, "names": {}, **here} for device in ("cpu", "cuda")]
    targets[1]["compute_capability"] = [9, 0]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert ahead_of_time.fitting_target({"targets": targets})["device"] == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    assert ahead_of_time.fitting_target({"targets": targets})["device"] == "cuda"
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (8, 0))
    assert ahead_of_time.fitting_target({"targets": targets})["device"] == "cpu"
    assert ahead_of_time.fitting_target(None) is None


def test_damaged_archive(artifact, tmp_path):
    path = tmp_path / "model.pt2"
    content = artifact.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(sk2torch.ArtifactError, match=r"damaged"):
        load_runtime(path)


def test_without_a_compiler(estimator, tmp_path):
    without = torch._inductor.config.patch({"cpp.cxx": (None, "no-such-compiler")})
    with without, pytest.raises(sk2torch.MissingDependency, match=r"no compiler was found; install g\+\+"):
        sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.pt2", aot=True)
    assert list(tmp_path.iterdir()) == []


def test_without_knowledge_of_the_processor(estimator, artifact, tmp_path, monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert load_runtime(artifact).compiled_for is None
    with pytest.raises(sk2torch.ArtifactError, match=r"what the processor can do"):
        sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.pt2", aot=True)


FAMILIES = [
    (RandomForestClassifier(5, random_state=0), "predict_proba"),
    (HistGradientBoostingRegressor(max_iter=5), "predict"),
    (KNeighborsClassifier(), "kneighbors"),
    (SVC(), "decision_function"),
    (KMeans(3, n_init=1, random_state=0), "predict"),
    (GaussianProcessRegressor(alpha=0.1, optimizer=None), "predict_with_std"),
    (PowerTransformer(), "inverse_transform"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "method"), FAMILIES, ids=[type(estimator).__name__ for estimator, _ in FAMILIES])
def test_families(estimator, method, tmp_path):
    X, y = data.multiclass()
    model = sk2torch.wrap(estimator.fit(X, y))
    runtime = load_runtime(sk2torch.export(model, tmp_path / "model.pt2", [method], aot=True))
    assert runtime.compiled_for == "cpu"
    x = torch.from_numpy(X)
    for rows in (len(x), 7, 2, 1, 0):
        checks.assert_same(runtime.call(method, x[:rows]), getattr(model, method)(x[:rows]), method, 1e-12)
