"""Triton repositories: read with NVIDIA's own description of the format, and served by hand as the server would."""

import importlib.metadata
import importlib.util
import json

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch
from google.protobuf import text_format
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import BayesianRidge, LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sk2torch
from sk2torch.export import read_metadata
from sk2torch.export.triton_schema import DATA_TYPES, KINDS
from tests.cases import data

BACKENDS = {"onnx": "onnxruntime", "pytorch": "pytorch"}
NUMPY = {
    "TYPE_STRING": np.object_,
    "TYPE_FP64": np.float64,
    "TYPE_FP32": np.float32,
    "TYPE_INT64": np.int64,
    "TYPE_BOOL": np.bool_,
}


def nvidia_schema():
    """NVIDIA's protobuf module, without its package, which needs gRPC."""
    path = importlib.metadata.distribution("tritonclient").locate_file("tritonclient/grpc/model_config_pb2.py")
    spec = importlib.util.spec_from_file_location("model_config_pb2", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def schema():
    return nvidia_schema()


@pytest.fixture(scope="module")
def estimator():
    X, y = data.words()
    return make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(X, y)


@pytest.fixture(scope="module")
def repository(estimator, tmp_path_factory):
    root = tmp_path_factory.mktemp("repository")
    model = sk2torch.wrap(estimator)
    methods = ["predict", "predict_proba"]
    for backend in BACKENDS:
        sk2torch.export(model, f"{root / backend}/", methods, format="triton", backend=backend)
    return root


def read(schema, folder):
    return text_format.Parse((folder / "config.pbtxt").read_text(encoding="utf-8"), schema.ModelConfig())


def serve(config, folder, X):
    """Outputs by name, as the back end computes them, in the shapes and types that the configuration states."""
    types = {number: name for name, number in DATA_TYPES.items()}
    feeds = X if isinstance(X, dict) else {config.input[0].name: X}
    assert [entry.name for entry in config.input] == list(feeds)
    for entry, values in zip(config.input, feeds.values(), strict=True):
        assert values.dtype == NUMPY[types[entry.data_type]]
        assert list(entry.dims) == list(values.shape[1:] if config.max_batch_size else (-1, values.shape[1]))
    if config.backend == "onnxruntime":
        assert config.optimization.graph.level == -1
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        session = onnxruntime.InferenceSession(str(folder / "1" / "model.onnx"), options)
        results = session.run([output.name for output in config.output], feeds)
    else:
        assert [*feeds, *(o.name for o in config.output)] == [
            "INPUT__0",
            *(f"OUTPUT__{k}" for k in range(len(config.output))),
        ]
        with torch.no_grad():
            answer = torch.jit.load(folder / "1" / "model.pt")(torch.from_numpy(X))
        assert isinstance(answer, tuple)
        results = [part.numpy() for part in answer]
    for output, result in zip(config.output, results, strict=True):
        assert result.dtype == NUMPY[types[output.data_type]]
        dims = list(output.reshape.shape) if output.HasField("reshape") else list(output.dims)
        shape = result.shape[1:] if config.max_batch_size else result.shape
        assert len(dims) == len(shape)
        assert all(a in (-1, b) for a, b in zip(dims, shape, strict=True))
        # The server refuses outputs without dimensions.
        assert len(output.dims) > 0
    return {output.name: result for output, result in zip(config.output, results, strict=True)}


def parameter(config, name):
    return json.loads(config.parameters[f"sk2torch.{name}"].string_value)


def test_schema_is_that_of_nvidia(schema):
    assert {v.name: v.number for v in schema.DataType.DESCRIPTOR.values}.items() >= DATA_TYPES.items()
    assert dict(schema.ModelInstanceGroup.Kind.items()).items() >= KINDS.items()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_served_model_answers_as_the_estimator(schema, estimator, repository, backend):
    folder = repository / backend
    config = read(schema, folder)
    assert (config.name, config.backend, config.max_batch_size) == (backend, BACKENDS[backend], 1024)
    assert config.dynamic_batching.max_queue_delay_microseconds == 100
    assert [(group.kind, group.count) for group in config.instance_group] == [(KINDS["KIND_AUTO"], 1)]
    X, _ = data.words()
    results = serve(config, folder, X)
    names = parameter(config, "methods")
    assert list(names) == ["predict", "predict_proba"]
    classes = np.array(parameter(config, "classes"))
    assert parameter(config, "labels") == ("values" if backend == "onnx" else "indices")
    labels = results[names["predict"][0]]
    np.testing.assert_array_equal(labels if backend == "onnx" else classes[labels], estimator.predict(X))
    np.testing.assert_allclose(results[names["predict_proba"][0]], estimator.predict_proba(X), rtol=0, atol=1e-12)
    files = [output.label_filename for output in config.output]
    assert files == ["", "labels.txt"]
    assert (folder / "labels.txt").read_text().splitlines() == estimator.classes_.tolist()
    assert sorted(path.name for path in folder.iterdir()) == ["1", "config.pbtxt", "labels.txt"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_tuples_are_outputs_of_their_own(schema, tmp_path, backend):
    X, y = data.regression()
    estimator = BayesianRidge().fit(X, y)
    options = {"backend": backend, "max_batch_size": 16, "instance_kind": "cpu", "instance_count": 2}
    methods = ["predict_with_std", "predict"]
    folder = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "ridge", methods, format="triton", **options)
    config = read(schema, folder)
    assert config.max_batch_size == 16
    assert [(group.kind, group.count) for group in config.instance_group] == [(KINDS["KIND_CPU"], 2)]
    results, names = serve(config, folder, X), parameter(config, "methods")
    assert [len(names[method]) for method in methods] == [2, 1]
    expected = [*estimator.predict(X, return_std=True), estimator.predict(X)]
    for name, values in zip([name for method in methods for name in names[method]], expected, strict=True):
        np.testing.assert_allclose(results[name], values, rtol=1e-12)


def test_words_go_in_and_out(schema, tmp_path):
    frame = pd.DataFrame({"city": ["Oslo", "Łódź", None, "Rome", "Oslo"] * 4, "size": np.arange(20.0)})
    table = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city"]), (StandardScaler(), ["size"]))
    estimator = make_pipeline(table, LogisticRegression()).fit(frame, ["low", "high"] * 10)
    model = sk2torch.wrap(estimator)
    feeds = {"city": frame[["city"]].fillna("").to_numpy(object), "size": frame[["size"]].to_numpy()}
    folder = sk2torch.export(model, tmp_path / "words", ["predict"], format="triton")
    config = read(schema, folder)
    assert serve(config, folder, feeds)["label"].tolist() == estimator.predict(frame).tolist()
    assert parameter(config, "labels") == "values"
    # What encode gives, on request.
    folder = sk2torch.export(model, tmp_path / "codes", ["predict"], format="triton", table=False)
    config = read(schema, folder)
    labels = serve(config, folder, model.encode(frame).numpy())["label"]
    assert estimator.classes_[labels].tolist() == estimator.predict(frame).tolist()
    assert parameter(config, "labels") == "indices"


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_repository_is_an_artifact(estimator, repository, backend):
    X, _ = data.words()
    folder = repository / backend
    assert read_metadata(folder)["module"] == "TorchPipeline"
    assert sk2torch.verify(estimator, folder, X).passed
    with pytest.raises(sk2torch.ArtifactError, match="is a folder without a model"):
        sk2torch.Predictor(repository)


def test_float32_without_batching(schema, tmp_path):
    X, y = data.multiclass()
    estimator = LogisticRegression().fit(X, y)
    model = sk2torch.wrap(estimator, dtype=torch.float32)
    folder = sk2torch.export(
        model, tmp_path / "linear", ["predict", "predict_proba"], format="triton", max_batch_size=0
    )
    config = read(schema, folder)
    assert config.max_batch_size == 0
    assert not config.HasField("dynamic_batching")
    results = serve(config, folder, X.astype(np.float32))
    np.testing.assert_allclose(results["probabilities"], estimator.predict_proba(X), rtol=0, atol=1e-5)
    # Numbers are their own labels.
    assert parameter(config, "labels") == "values"
    assert parameter(config, "classes") == estimator.classes_.tolist()
    assert set(results["label"]) <= set(estimator.classes_)


def test_shapes_are_those_of_the_graph(schema, repository):
    config = read(schema, repository / "onnx")
    graph = onnx.load(repository / "onnx" / "1" / "model.onnx").graph
    assert [i.name for i in graph.input] == [i.name for i in config.input]
    assert [o.name for o in graph.output] == [o.name for o in config.output]


def test_methods_whose_results_cannot_be_cut_by_rows(tmp_path):
    X, _ = data.multiclass()
    model = sk2torch.wrap(NearestNeighbors(radius=1.0).fit(X))
    with pytest.raises(sk2torch.ArtifactError, match=r"no row per row.*max_batch_size=0"):
        sk2torch.export(model, tmp_path / "near", ["radius_neighbors"], format="triton", backend="pytorch")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [{"backend": "tensorrt"}, {"instance_kind": "tpu"}, {"instance_kind": "model"}, {"max_batch_size": -1}],
    ids=str,
)
def test_bad_options(estimator, tmp_path, options):
    with pytest.raises(sk2torch.ArtifactError, match=r"triton: "):
        sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model", ["predict"], format="triton", **options)
    assert list(tmp_path.iterdir()) == []


def test_unknown_format(estimator, tmp_path):
    with pytest.raises(sk2torch.ArtifactError, match=r"unknown format 'pmml'; use triton"):
        sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.pmml", format="pmml")
