"""Damaged and hostile files end in an error: nothing crashes, hangs, runs, or takes much memory."""

import contextlib
import json
import resource
import signal
import warnings

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from safetensors.torch import load_file
from sklearn.cluster import KMeans
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import AdaBoostClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import CategoricalNB, GaussianNB
from sklearn.neighbors import KernelDensity, KNeighborsClassifier, KNeighborsRegressor, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OrdinalEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVC

import sk2torch
from sk2torch.base import METHODS, methods_of
from sk2torch.persistence.storage import ENTRY, write

EXAMPLES = 600
SECONDS = 10
MEBIBYTES = 256
KIBIBYTES = 1024
# From a model whose parts do not fit together.
EXPECTED = (RuntimeError, ValueError, IndexError, TypeError, AttributeError, NotImplementedError, KeyError)
X = np.random.default_rng(0).normal(size=(60, 3)).round(1)
Y = (X[:, 0] > X[:, 1]).astype(int) + (X[:, 2] > 0)
WORDS = np.array(["a", "b", "c"], dtype=object)[Y].reshape(-1, 1)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Bytes of saved models."""
    path = tmp_path_factory.mktemp("files") / "model.safetensors"
    with warnings.catch_warnings():
        # Few iterations and few rows are enough.
        warnings.simplefilter("ignore")
        models = fitted_models(abs(X.round()))
    return [sk2torch.save(sk2torch.wrap(model), path).read_bytes() for model in models]


def fitted_models(counts):
    """One of each kind of module that compiled kernels read by address."""
    return [
        make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y),
        RandomForestClassifier(3, random_state=0).fit(X, Y),
        HistGradientBoostingClassifier(max_iter=3, categorical_features=[0]).fit(counts, Y),
        AdaBoostClassifier(n_estimators=3, random_state=0).fit(X, Y),
        KNeighborsClassifier(3).fit(X, Y),
        KNeighborsClassifier(3, metric="mahalanobis", metric_params={"VI": np.eye(3)}).fit(X, Y),
        RadiusNeighborsClassifier(9.0).fit(X, Y),
        KNeighborsRegressor(3, metric="minkowski", p=3, metric_params={"w": [1.0, 2.0, 3.0]}).fit(X, Y),
        SVC().fit(X, Y),
        SVC(kernel="poly").fit(X, Y),
        GaussianProcessRegressor().fit(X, Y),
        KernelDensity().fit(X),
        KMeans(3, n_init=1, random_state=0).fit(X),
        GaussianMixture(2, random_state=0).fit(X),
        GaussianMixture(2, covariance_type="diag", random_state=0).fit(X),
        QuadraticDiscriminantAnalysis().fit(X, Y),
        EllipticEnvelope(random_state=0).fit(X),
        GaussianNB().fit(X, Y),
        CategoricalNB().fit(counts, Y),
        MLPClassifier((4,), max_iter=5, random_state=0).fit(X, Y),
        make_pipeline(PolynomialFeatures(3), QuantileTransformer(n_quantiles=20), SplineTransformer()).fit(X),
        make_pipeline(TfidfVectorizer(), LogisticRegression()).fit([f"{w} and" for w in WORDS[:, 0]], Y),
        make_pipeline(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)).fit(WORDS),
    ]


@pytest.fixture
def bounded():
    """Ends what takes long; then compares the most memory taken."""

    def late(*_):
        raise AssertionError(f"took longer than {SECONDS} s")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    previous = signal.signal(signal.SIGALRM, late)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEBIBYTES * KIBIBYTES


def opened(path):
    """The model of a file, if it is let in; then it also has to survive questions."""
    try:
        model = sk2torch.load(path)
    except sk2torch.ArtifactError:
        return None
    width = model.n_features_in if 0 <= model.n_features_in < 1000 else 3
    for method in methods_of(model):
        if METHODS[method].kind != "input":
            with contextlib.suppress(*EXPECTED):
                getattr(model, method)(torch.ones(4, width, dtype=model.anchor.dtype))
    return model


def bytes_of(draw, data):
    """``data`` with a few places changed, cut or doubled."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["change", "cut", "double", "end"])):
            case "change":
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 64))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case "end":
                del data[at:]
        if not data:
            break
    return bytes(data)


def places(node, path=()):
    """Where every part of a JSON value is."""
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 2, 7, 2**31, 2**62, 10**30, -(2**63)]),
    st.floats(allow_nan=False),
    st.sampled_from(["", "Forest", "predict", "SVC", "os.system", "__class__", "float64", "\x00", "anchor"]),
    st.just([]),
    st.just({}),
    st.builds(lambda depth: json.loads("[" * depth + "]" * depth), st.integers(1, 300)),
)


def changed(draw, value):
    """A JSON value with one part replaced or left out."""
    value = json.loads(json.dumps(value))
    path = draw(st.sampled_from(list(places(value))[1:]))
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    if draw(st.booleans()) or not isinstance(parent, dict):
        parent[path[-1]] = draw(VALUES)
    else:
        del parent[path[-1]]
    return value


def tensors_of(draw, tensors):
    """Tensors, of which one has other values, another shape or dtype, or is missing."""
    name = draw(st.sampled_from(sorted(tensors)))
    tensor = tensors[name].clone()
    match draw(st.sampled_from(["values", "shape", "dtype", "drop"])):
        case "values" if tensor.numel() and tensor.dtype != torch.bool:
            at = draw(st.integers(0, tensor.numel() - 1))
            tensor.view(-1)[at] = draw(st.sampled_from([0, -1, 1, 5, 127, 10**6, 2**31, 2**62]))
        case "shape":
            tensor = tensor.reshape(-1)[: draw(st.integers(0, 3))].contiguous()
        case "dtype":
            tensor = tensor.to(draw(st.sampled_from([torch.int64, torch.float32, torch.bool])))
        case _:
            return {other: t for other, t in tensors.items() if other != name}
    return {**tensors, name: tensor}


def redeclared(structure, tensors, prefix=""):
    """The structure with the shapes that its tensors now have."""
    for name, declared in structure["tensors"].items():
        tensor = tensors.get(prefix + name)
        if tensor is not None and declared is not None:
            declared.update(shape=list(tensor.shape), dtype=str(tensor.dtype).removeprefix("torch."))
    for name, child in structure["children"].items():
        if child is not None and "children" in child:
            redeclared(child, tensors, f"{prefix}{name}.")


@pytest.fixture
def tell(record_property):
    """Puts a line at the end of the run, whichever process runs the test."""
    return lambda line: record_property("count", line)


def tried(kind, files, path, bounded, tell, change):
    """Run ``change`` on drawn files; how many were tried and let in."""
    count = [0, 0]

    @hypothesis.settings(max_examples=EXAMPLES)
    @hypothesis.given(st.data())
    def one(data):
        change(data.draw, data.draw(st.sampled_from(files)))
        bounded(SECONDS)
        count[0] += 1
        count[1] += opened(path) is not None
        bounded(0)

    one()
    tell(f"fuzz: {count[0]} files with {kind} tried, {count[1]} of them let in")
    return count


def test_changed_bytes(files, tmp_path, bounded, tell):
    path = tmp_path / "model.safetensors"
    count = tried("changed bytes", files, path, bounded, tell, lambda draw, d: path.write_bytes(bytes_of(draw, d)))
    assert count[0] >= EXAMPLES


def test_hostile_structures(files, tmp_path, bounded, tell):
    """With a checksum that is right."""
    path, source = tmp_path / "model.safetensors", tmp_path / "source.safetensors"

    def change(draw, data):
        source.write_bytes(data)
        about = json.loads(sk2torch.persistence.storage.Reader(source).text)
        write(path, json.dumps(changed(draw, about)), load_file(source))

    count = tried("hostile structures", files, path, bounded, tell, change)
    assert count[0] >= EXAMPLES


def test_hostile_tensors(files, tmp_path, bounded, tell):
    """Declared as they are, with a checksum that is right."""
    path, source = tmp_path / "model.safetensors", tmp_path / "source.safetensors"

    def change(draw, data):
        source.write_bytes(data)
        about = json.loads(sk2torch.persistence.storage.Reader(source).text)
        tensors = tensors_of(draw, load_file(source))
        redeclared(about["structure"], tensors)
        write(path, json.dumps(about), tensors)

    count = tried("hostile tensors", files, path, bounded, tell, change)
    assert count[0] >= EXAMPLES


def test_huge_header(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes((2**60).to_bytes(8, "little") + b"{}")
    with pytest.raises(sk2torch.ArtifactError, match="damaged"):
        sk2torch.load(path)


def test_text_of_metadata_is_needed(tmp_path):
    path = tmp_path / "model.safetensors"
    write(path, json.dumps({"format": "other"}), {"x": torch.zeros(2)})
    with pytest.raises(sk2torch.ArtifactError, match="no sk2torch metadata"):
        sk2torch.load(path)
    assert ENTRY in load_metadata(path)


def load_metadata(path):
    """What the file says about itself."""
    header = path.read_bytes()
    return json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])["__metadata__"]
