"""ONNX files with their numbers in a second file, in another dtype, and run with other settings."""

import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor

import sk2torch
from sk2torch.export import load_runtime, onnx_storage, read_metadata
from sk2torch.export.metadata import file_bytes

X = np.random.default_rng(0).normal(size=(60, 40))


@pytest.fixture(scope="module")
def estimator():
    return PCA(20).fit(X)


def export(estimator, path, **options):
    return sk2torch.export(sk2torch.wrap(estimator), path, methods=["transform"], **options)


@pytest.fixture(scope="module")
def pair(estimator, tmp_path_factory):
    """A graph and its numbers, as if protobuf held a kilobyte."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_storage, "INLINE_BYTES", 1024)
        return export(estimator, tmp_path_factory.mktemp("pair") / "model.onnx")


@pytest.fixture
def moved(pair, tmp_path):
    """A copy of the pair; the graph has another name."""
    data = pair.parent / read_metadata(pair)["data"]["file"]
    shutil.copy(data, tmp_path)
    return shutil.copy(pair, tmp_path / "renamed.onnx"), tmp_path / data.name


def test_numbers_beyond_the_limit_are_in_a_second_file(estimator, pair):
    about = read_metadata(pair)["data"]
    assert sorted(path.name for path in pair.parent.iterdir()) == ["model.onnx", about["file"]]
    assert pair.stat().st_size + about["n_bytes"] == file_bytes(pair, read_metadata(pair))
    assert about["n_bytes"] >= estimator.components_.nbytes
    assert sk2torch.verify(estimator, pair, X).passed
    # Others find it, too.
    session = onnxruntime.InferenceSession(pair, providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"X": X})[0], estimator.transform(X), rtol=0, atol=1e-12)
    onnx.checker.check_model(str(pair), full_check=True)


def test_a_pair_that_is_moved(estimator, moved):
    path, _ = moved
    assert sk2torch.verify(estimator, path, X).passed


def test_a_graph_without_its_numbers(moved):
    path, data = moved
    data.unlink()
    with pytest.raises(sk2torch.ArtifactError, match=rf"numbers in the file '{data.name}', which is not beside it"):
        load_runtime(path)
    assert read_metadata(path)["module"] == "TorchPCA"


@pytest.mark.parametrize("damage", ["shorter", "other numbers"])
def test_numbers_of_another_model(moved, damage):
    path, data = moved
    content = data.read_bytes()
    data.write_bytes(content[:-8] if damage == "shorter" else bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(sk2torch.ArtifactError, match="does not hold the numbers"):
        load_runtime(path)


def test_a_name_that_leads_elsewhere(pair):
    described = read_metadata(pair)
    described["data"]["file"] = "../secret"
    with pytest.raises(sk2torch.ArtifactError, match="damaged"):
        onnx_storage.require_data(pair, described)


def test_a_graph_that_cannot_be_written_keeps_the_old_one(estimator, pair, monkeypatch):
    """The new numbers have another name."""
    other = PCA(20).fit(X + np.arange(40) * X[:, :1])
    monkeypatch.setattr(onnx_storage, "INLINE_BYTES", 1024)

    def refuse(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(onnx.checker, "check_model", refuse)
        with pytest.raises(KeyboardInterrupt):
            export(other, pair)
    assert len(list(pair.parent.iterdir())) == 2
    assert sk2torch.verify(estimator, pair, X).passed
    replaced = export(other, pair.with_name("other.onnx")).replace(pair)
    assert sk2torch.verify(other, replaced, X).passed


def test_trees_in_attributes_are_not_split(tmp_path, monkeypatch):
    forest = RandomForestRegressor(3, random_state=0).fit(X, X[:, 0])
    monkeypatch.setattr(onnx_storage, "INLINE_BYTES", 1024)
    with pytest.raises(sk2torch.ArtifactError, match="too large for one ONNX operator"):
        sk2torch.export(sk2torch.wrap(forest), tmp_path / "forest.onnx", ["predict"], trees="TreeEnsemble")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".onnx", ".pt"])
def test_dtype_of_a_file(estimator, tmp_path, suffix):
    model = sk2torch.wrap(estimator)
    path = sk2torch.export(model, tmp_path / f"model{suffix}", ["transform"], dtype=torch.float32)
    assert model.anchor.dtype == torch.float64
    assert sk2torch.Predictor(path).dtype == "float32"
    direct = sk2torch.export(sk2torch.wrap(estimator, dtype=torch.float32), tmp_path / f"direct{suffix}", ["transform"])
    found, expected = (sk2torch.Predictor(p).transform(X) for p in (path, direct))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(sk2torch.ArtifactError, match=r"expected dtype torch\.float32 or torch\.float64"):
        sk2torch.export(model, path, dtype=torch.float16)


def test_settings_of_onnx_runtime(estimator, pair, tmp_path, monkeypatch):
    path = export(estimator, tmp_path / "model.onnx")
    made = []
    session = onnxruntime.InferenceSession

    def watched(path, options, **others):
        made.append((options.intra_op_num_threads, options.graph_optimization_level.name, others["providers"]))
        return session(path, options, **others)

    monkeypatch.setattr(onnxruntime, "InferenceSession", watched)
    settings = {"threads": 1, "optimization": "basic", "providers": [("CPUExecutionProvider", {})]}
    for options in ({}, settings, {"optimization": "none"}):
        found = sk2torch.Predictor(path, **options).transform(X)
        np.testing.assert_allclose(found, estimator.transform(X), rtol=0, atol=1e-12)
    assert made == [
        (0, "ORT_ENABLE_ALL", ["CPUExecutionProvider"]),
        (1, "ORT_ENABLE_BASIC", [("CPUExecutionProvider", {})]),
        (0, "ORT_DISABLE_ALL", ["CPUExecutionProvider"]),
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"providers": ["NoSuchProvider"]}, "has no NoSuchProvider; it has .*CPUExecutionProvider"),
        ({"providers": []}, "has no provider"),
        ({"threads": 0}, "threads to be None, or 1 or more"),
        ({"optimization": "most"}, "optimization to be one of"),
    ],
)
def test_settings_that_onnx_runtime_lacks(estimator, pair, options, said):
    with pytest.raises(sk2torch.ArtifactError, match=said):
        sk2torch.Predictor(pair, **options)


def test_settings_are_of_onnx_files(estimator, tmp_path):
    model = sk2torch.wrap(estimator)
    path = sk2torch.save(model, tmp_path / "model.safetensors")
    for target in (model, path):
        with pytest.raises(TypeError, match=r"takes no option \['threads'\]"):
            sk2torch.Predictor(target, threads=1)
