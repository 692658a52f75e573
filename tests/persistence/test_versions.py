"""Files of earlier layouts of a class: brought to that of today, or refused with what to do."""

import json

import pytest
import torch
from safetensors.torch import load_file
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sk2torch
from sk2torch.base import methods_of
from sk2torch.persistence.storage import Reader, write
from tests import checks
from tests.cases import data, fitted, query

# By case: matrices of the first layout, the linear maps that took their places, and whether these are transposed.
MATRICES = {
    "FastICA": [("components", "unmix", False), ("mixing", "mix", False)],
    "FactorAnalysis": [("loadings", "expect", False)],
    "SparsePCA": [("projection", "projection", False)],
    "MiniBatchSparsePCA": [("projection", "projection", False)],
    "PLSRegression": [("rotations", "projection", True), ("loadings", "restoration", False)],
    "PLSCanonical": [("rotations", "projection", True), ("loadings", "restoration", False)],
    "CCA": [("rotations", "projection", True), ("loadings", "restoration", False)],
    "PLSSVD": [("weights", "projection", True)],
    "LinearDiscriminantAnalysis": [("scalings", "projection", True)],
}
CENTERS = ["KMeans-eight", "MiniBatchKMeans-eight", "Birch", "MeanShift", "AffinityPropagation"]
TREES = ["KNeighborsClassifier", "NearestNeighbors-kd_tree-manhattan", "NearestNeighbors-ball_tree-seuclidean"]


def contents(path):
    return json.loads(Reader(path).text), load_file(path)


def without_maps(structure, tensors, matrices, prefix=""):
    """Linear maps become matrices of the module's own."""
    del structure["version"]
    for name, part, is_transposed in matrices:
        declared = structure["children"].pop(part)["tensors"]["weight"]
        weight = tensors.pop(f"{prefix}{part}.weight")
        del tensors[f"{prefix}{part}.bias"]
        tensors[prefix + name] = weight.T.contiguous() if is_transposed else weight
        structure["tensors"][name] = {**declared, "shape": list(tensors[prefix + name].shape)}


def with_norms(structure, tensors):
    """Centers have their squared lengths beside them, and each its number."""
    del structure["version"]
    norms, first = tensors["centers"].square().sum(dim=1), torch.arange(len(tensors["centers"]))
    for name, tensor in (("norms", norms), ("first", first)):
        tensors[name] = tensor
        described = {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape)}
        structure["tensors"][name] = {"kind": "buffer", **described, "requires_grad": False}


def trained_rows(structure):
    """Rows of search trees are parameters that are trained; how many there were."""
    count = 0
    if structure["class"] == "NeighborSearch":
        del structure["version"]
        rows = structure["tensors"]["rows"]
        count = int(not rows["requires_grad"])
        rows["requires_grad"] = True
    return count + sum(trained_rows(child) for child in structure["children"].values() if "children" in child)


def assert_upgraded(model, tmp_path, change):
    """A file of ``model`` that ``change`` made older gives the same module, and the same file from then on."""
    fresh = sk2torch.save(model, tmp_path / "fresh.safetensors")
    about, tensors = contents(fresh)
    change(about["structure"], tensors)
    write(tmp_path / "old.safetensors", json.dumps(about), tensors)
    loaded = sk2torch.load(tmp_path / "old.safetensors")
    assert str(loaded) == str(model)
    torch.jit.script(loaded)
    again = sk2torch.save(loaded, tmp_path / "again.safetensors")
    assert contents(again)[0] == contents(fresh)[0]
    expected = load_file(fresh)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in load_file(again).items())
    twice = sk2torch.save(sk2torch.load(again), tmp_path / "twice.safetensors")
    assert twice.read_bytes() == again.read_bytes()
    return loaded


def assert_same_answers(loaded, model, name):
    for method in methods_of(model):
        x = checks.module_input(model, method, checks.argument(fitted(name), method, query(name)))
        with torch.no_grad():
            checks.assert_same(getattr(loaded, method)(x), getattr(model, method)(x), method, 0.0)


@pytest.mark.parametrize("name", MATRICES)
def test_matrices_became_linear_maps(name, tmp_path):
    model = sk2torch.wrap(fitted(name))
    loaded = assert_upgraded(model, tmp_path, lambda s, t: without_maps(s, t, MATRICES[name]))
    assert_same_answers(loaded, model, name)


@pytest.mark.parametrize("name", CENTERS)
def test_centers_had_their_lengths(name, tmp_path):
    model = sk2torch.wrap(fitted(name))
    assert_same_answers(assert_upgraded(model, tmp_path, with_norms), model, name)


def test_rows_of_search_trees_were_trained(tmp_path):
    for name in TREES:
        found = []
        model = sk2torch.wrap(fitted(name))
        assert_upgraded(model, tmp_path, lambda s, _, found=found: found.append(trained_rows(s)))
        assert found == [1], name


def test_part_of_a_pipeline_in_single_precision_and_frozen(tmp_path):
    pipeline = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()).fit(*data.words())
    model = sk2torch.wrap(pipeline, dtype=torch.float32)
    model.get_submodule("final.projection").requires_grad_(False)
    matrices = MATRICES["LinearDiscriminantAnalysis"]
    assert_upgraded(
        model, tmp_path, lambda s, tensors: without_maps(s["children"]["final"], tensors, matrices, "final.")
    )


@pytest.fixture
def path(tmp_path):
    return sk2torch.save(sk2torch.wrap(fitted("FastICA")), tmp_path / "model.safetensors")


def rewritten(path, change):
    about, tensors = contents(path)
    change(about, tensors)
    write(path, json.dumps(about), tensors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about, _: about["structure"].update(version=3), "is of version 3, .* reads up to 2; upgrade sk2torch"),
        (lambda about, _: about["structure"]["children"]["mix"].update(version=2), "LinearMap is of version 2"),
        (lambda about, _: about["structure"].update(version=True), "damaged: TorchFastICA is of version 'True'"),
        (lambda about, _: about["structure"].update(version=0), "damaged: TorchFastICA is of version '0'"),
        (lambda about, _: about["structure"].update(version="2"), "damaged: TorchFastICA is of version '2'"),
    ],
)
def test_versions_that_are_not_known(path, change, message):
    rewritten(path, change)
    with pytest.raises(sk2torch.ArtifactError, match=message):
        sk2torch.load(path)


def test_tensors_that_no_layout_had(path):
    def renamed(about, tensors):
        about["versions"]["sk2torch"] = "0.0.7"
        without_maps(about["structure"], tensors, [("directions", "unmix", False), ("mixing", "mix", False)])

    rewritten(path, renamed)
    with pytest.raises(sk2torch.ArtifactError, match=r"written by sk2torch 0\.0\.7: convert the model again"):
        sk2torch.load(path)


@pytest.mark.parametrize("shape", [(5,), (2**40, 0)])
def test_what_is_no_matrix_is_not_put_in_place_of_one(path, shape):
    def emptied(about, tensors):
        without_maps(about["structure"], tensors, MATRICES["FastICA"])
        tensors["components"] = torch.zeros(shape, dtype=torch.float64)
        about["structure"]["tensors"]["components"]["shape"] = list(shape)

    rewritten(path, emptied)
    with pytest.raises(sk2torch.ArtifactError, match=r"'components' is no matrix.*convert the model again"):
        sk2torch.load(path)
