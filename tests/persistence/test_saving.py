"""``save`` and ``load``: what they keep, what they refuse, and files of earlier versions."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sk2torch
from sk2torch.base.registry import _REGISTRY
from sk2torch.base.surface import family_of
from sk2torch.persistence.classes import _own_classes
from sk2torch.persistence.storage import ENTRY, Reader, write
from tests.cases import data
from tests.persistence.fixtures import FOLDER, table

VERSIONS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def pipeline():
    X, y = data.words()
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)


@pytest.fixture
def path(pipeline, tmp_path):
    return sk2torch.save(sk2torch.wrap(pipeline), tmp_path / "model.safetensors")


def rewritten(path, change):
    """The file with another structure and a checksum that fits it."""
    about, tensors = json.loads(Reader(path).text), load_file(path)
    change(about, tensors)
    write(path, json.dumps(about), tensors)


def test_loaded_model_answers_decodes_and_exports(pipeline, path, tmp_path):
    X, _ = data.words()
    model = sk2torch.load(path)
    assert sk2torch.verify(pipeline, path, X).passed
    np.testing.assert_array_equal(sk2torch.Predictor(path).predict(X), pipeline.predict(X))
    again = sk2torch.export(model, tmp_path / "model.onnx")
    np.testing.assert_array_equal(sk2torch.Predictor(again).predict(X), pipeline.predict(X))


def test_tuned_parameters_and_dtype_are_kept(pipeline, tmp_path):
    X, _ = data.words()
    model = sk2torch.wrap(pipeline, dtype=torch.float32)
    for parameter in model.parameters():
        parameter.data += 0.25
        parameter.requires_grad_(False)
    loaded = sk2torch.load(sk2torch.save(model, tmp_path / "model.safetensors"))
    assert loaded.anchor.dtype == torch.float32
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    x = torch.tensor(X, dtype=torch.float32)
    assert torch.equal(loaded.predict_proba(x), model.predict_proba(x))
    assert not loaded.training


def test_saving_after_other_formats(pipeline, tmp_path):
    model = sk2torch.wrap(pipeline)
    # TorchScript leaves marks of its own in the modules that it compiles.
    sk2torch.export(model, tmp_path / "model.pt")
    path = sk2torch.save(model, tmp_path / "model.safetensors")
    assert sk2torch.verify(pipeline, sk2torch.load(path), data.words()[0]).passed


def test_proxies_that_tracers_leave_are_not_the_class(pipeline, tmp_path):
    model = sk2torch.wrap(pipeline)
    proxy = type("TorchPipeline", (family_of(model),), {"__module__": family_of(model).__module__})
    _own_classes.cache_clear()
    path = sk2torch.save(model, tmp_path / "model.safetensors")
    assert type(sk2torch.load(path)) is type(model) is not proxy


def test_permissions_are_those_of_any_file(path):
    other = path.with_suffix(".txt")
    other.write_text("")
    assert path.stat().st_mode == other.stat().st_mode


def test_others_can_read_the_tensors(path):
    with safe_open(str(path), framework="np") as file:
        assert set(file.metadata()) == {ENTRY}
        assert file.get_tensor("final.linear.weight").shape == (3, 5)


def test_class_that_a_user_registers(tmp_path):
    class Halver(BaseEstimator):
        def fit(self, X, y=None):
            self.n_features_in_ = X.shape[1]
            return self

        def transform(self, X):
            return X / 2

    class TorchHalver(sk2torch.TorchEstimator):
        @classmethod
        def from_sklearn(cls, estimator, columns):
            return cls(estimator.n_features_in_)

        def transform(self, x: torch.Tensor) -> torch.Tensor:
            return self.prepare(x) / 2

    globals()["Halver"], Halver.__qualname__ = Halver, "Halver"
    sk2torch.register(f"{__name__}.Halver")(TorchHalver)
    try:
        X, _ = data.multiclass()
        path = sk2torch.save(sk2torch.wrap(Halver().fit(X)), tmp_path / "model.safetensors")
        assert torch.equal(sk2torch.load(path).transform(torch.tensor(X)), torch.tensor(X) / 2)
    finally:
        del _REGISTRY[f"{__name__}.Halver"], globals()["Halver"]
    with pytest.raises(
        sk2torch.ArtifactError, match=r"names the class .*TorchHalver', which this sk2torch does not know"
    ):
        sk2torch.load(path)


def test_what_only_code_can_make_is_refused_and_nothing_is_written(tmp_path):
    from sklearn.neighbors import KNeighborsClassifier

    from tests.cases.neighbor_data import softened

    model = sk2torch.wrap(KNeighborsClassifier(weights=softened).fit(*data.words()))
    with pytest.raises(sk2torch.ArtifactError, match=r"of type function, .* export the model to \.pt, \.pt2 or \.onnx"):
        sk2torch.save(model, tmp_path / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_wrong_suffix_methods_and_options(pipeline, tmp_path):
    model = sk2torch.wrap(pipeline)
    with pytest.raises(sk2torch.ArtifactError, match=r"ends in \.safetensors"):
        sk2torch.save(model, tmp_path / "model.pt")
    with pytest.raises(sk2torch.ArtifactError, match="leave out `methods`"):
        sk2torch.export(model, tmp_path / "model.safetensors", methods=["predict"])
    with pytest.raises(TypeError, match="takes no option"):
        sk2torch.export(model, tmp_path / "model.safetensors", opset_version=18)
    with pytest.raises(FileNotFoundError, match="no file"):
        sk2torch.load(tmp_path / "absent.safetensors")


def test_a_full_disk_leaves_the_old_file(pipeline, path, monkeypatch):
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sk2torch.persistence.storage.save_file", full)
    with pytest.raises(OSError, match="No space left"):
        sk2torch.save(sk2torch.wrap(pipeline), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_every_truncation_is_noticed(path):
    whole = path.read_bytes()
    for length in [0, 1, 7, 8, 9, *range(10, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(sk2torch.ArtifactError, match="damaged"):
            sk2torch.load(path)


def test_a_changed_value_is_noticed(path):
    whole = bytearray(path.read_bytes())
    whole[-3] ^= 1
    path.write_bytes(bytes(whole))
    with pytest.raises(sk2torch.ArtifactError, match="checksum"):
        sk2torch.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about, _: about.update(format_version=99), "format version 99.* upgrade sk2torch"),
        (lambda about, _: about["structure"].update({"class": "Popen"}), "names the class 'Popen'"),
        (lambda about, _: about["structure"].update(methods=["__reduce__"]), "has no methods"),
        (lambda about, _: about["structure"]["state"].update(_parameters=3), "damaged: TorchPipeline has parts"),
        (lambda about, _: about["structure"]["children"].update(x={"same_as": ""}), "not yet met"),
        (lambda about, _: about["structure"].pop("tensors"), "damaged"),
        (lambda about, _: about["structure"]["state"].pop("n_features_in"), "do not fit together"),
        (lambda _, tensors: tensors.pop("final.linear.bias"), r"lacks the tensors \['final.linear.bias'\]"),
        (lambda _, tensors: tensors.update(more=torch.zeros(1)), r"has \['more'\] too many"),
        (lambda _, tensors: tensors.update({"final.linear.bias": torch.zeros(3)}), "is F32 of shape"),
        (
            lambda _, tensors: tensors.update({"final.linear.bias": torch.zeros(9).double()}),
            r"shape \(9,\), not float64",
        ),
    ],
)
def test_files_that_fit_their_checksum_but_nothing_else(path, change, message):
    rewritten(path, change)
    with pytest.raises(sk2torch.ArtifactError, match=message):
        sk2torch.load(path)


@pytest.mark.parametrize("version", VERSIONS)
def test_files_of_earlier_versions(version):
    """``python -m tests.persistence.fixtures`` wrote them; they stay as they are."""
    folder = FOLDER / version
    expected = json.loads((folder / "answers.json").read_text())
    assert len(expected) >= 6
    for name, answers in expected.items():
        path = folder / f"{name}.safetensors"
        torch.jit.script(sk2torch.load(path))
        predictor = sk2torch.Predictor(path)
        for method, values in answers.items():
            found = getattr(predictor, method)(table(name))
            if isinstance(values[0], str):
                assert found.tolist() == values
            else:
                np.testing.assert_allclose(np.asarray(found), values, rtol=1e-9, atol=1e-12)


def test_there_are_fixtures():
    assert VERSIONS
    assert Path(FOLDER, "1").is_dir()
