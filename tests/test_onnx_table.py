"""ONNX graphs that take the raw table and give the original labels."""

import json

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sk2torch
from sk2torch.base.columns import Column
from sk2torch.export.onnx_table import column_obstacle

CITIES = np.array(["Oslo", "Łódź", "Rome", "New York"], dtype=object)


@pytest.fixture(scope="module")
def frame():
    generator = np.random.default_rng(0)
    city = CITIES[generator.integers(0, 4, 120)]
    city[::17] = np.nan
    size = generator.normal(size=120).round(2)
    size[::13] = np.nan
    return pd.DataFrame({"city": city, "size": size, "rooms": generator.integers(1, 9, 120)})


@pytest.fixture(scope="module")
def pipeline(frame):
    words = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="nowhere"), OneHotEncoder(handle_unknown="ignore")
    )
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    labels = np.where(frame["rooms"] > 6, "high", np.where(frame["rooms"] > 3, "middle", "low"))
    table = make_column_transformer((words, ["city"]), (numbers, ["size", "rooms"]))
    return make_pipeline(table, LogisticRegression()).fit(frame, labels)


@pytest.fixture(scope="module")
def path(pipeline, tmp_path_factory):
    return sk2torch.export(sk2torch.wrap(pipeline), tmp_path_factory.mktemp("onnx") / "model.onnx")


@pytest.fixture(scope="module")
def session(path):
    return onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"], disabled_optimizers=["MatMulScaleFusion"]
    )


def feeds(frame):
    """What a user of ONNX Runtime gives: strings, an empty one for missing, and float64."""
    columns = {"city": frame["city"].fillna("").to_numpy(object)}
    columns |= {name: frame[name].to_numpy(np.float64) for name in ("size", "rooms")}
    return {name: column.reshape(-1, 1) for name, column in columns.items()}


def test_graph_takes_the_raw_table(pipeline, session, frame):
    assert [(i.name, i.type, i.shape) for i in session.get_inputs()] == [
        ("city", "tensor(string)", ["batch", 1]),
        ("size", "tensor(double)", ["batch", 1]),
        ("rooms", "tensor(double)", ["batch", 1]),
    ]
    frame = pd.concat([frame, pd.DataFrame({"city": ["Atlantis"], "size": [0.5], "rooms": [3]})])
    label, probabilities = session.run(["label", "probabilities"], feeds(frame))
    assert label.tolist() == pipeline.predict(frame).tolist()
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(frame), atol=1e-13)
    assert session.run(["label"], feeds(frame[:1]))[0].tolist() == pipeline.predict(frame[:1]).tolist()


def test_predictor_and_verify_take_the_file(pipeline, path, frame):
    predictor = sk2torch.Predictor(path, batch_size=50)
    assert predictor.predict(frame).tolist() == pipeline.predict(frame).tolist()
    assert predictor.predict(frame).dtype == pipeline.predict(frame).dtype
    assert predictor.predict(frame[:0]).shape == (0,)
    assert sk2torch.verify(pipeline, path, frame).passed
    with pytest.raises(sk2torch.InputError, match="columns are missing"):
        predictor.predict(frame[["city"]])


def test_metadata_names_the_inputs(path):
    about = json.loads({p.key: p.value for p in onnx.load(path).metadata_props}["sk2torch.json"])
    assert about["table"] == ["city", "size", "rooms"]


def test_codes_and_indices_on_request(pipeline, frame, tmp_path):
    model = sk2torch.wrap(pipeline)
    path = sk2torch.export(model, tmp_path / "model.onnx", methods=["predict"], table=False)
    graph = onnx.load(path)
    assert [value.name for value in graph.graph.input] == ["X"]
    assert {entry.domain for entry in graph.opset_import} == {""}
    assert sk2torch.Predictor(path).predict(frame).tolist() == pipeline.predict(frame).tolist()


def test_float32_table(pipeline, frame, tmp_path):
    model = sk2torch.wrap(pipeline, dtype=torch.float32)
    path = sk2torch.export(model, tmp_path / "model.onnx", methods=["predict"])
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = {k: v if v.dtype == object else v.astype(np.float32) for k, v in feeds(frame).items()}
    assert (session.run(None, given)[0] == pipeline.predict(frame)).mean() > 0.99


def test_labels_are_words_where_the_input_is_numbers(frame, tmp_path):
    X = frame[["rooms"]].to_numpy(np.float64)
    estimator = LogisticRegression().fit(X, np.where(X[:, 0] > 4, "yes", "no"))
    path = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.onnx", methods=["predict"])
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert session.run(["label"], {"X": X})[0].tolist() == estimator.predict(X).tolist()
    assert sk2torch.Predictor(path).predict(X).tolist() == estimator.predict(X).tolist()


def _none_and_missing(frame):
    city = frame["city"].to_numpy(object).copy()
    city[3] = None
    return OneHotEncoder().fit(pd.DataFrame({"city": city}))


def _empty(frame):
    return OneHotEncoder().fit(pd.DataFrame({"city": frame["city"].fillna("")}))


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (_empty, "'city' has the empty string as a category"),
        (lambda frame: SimpleImputer(strategy="most_frequent").fit(frame[["city"]]), "'city' is text that .* hands on"),
        (lambda _: CountVectorizer().fit(["a text", "another text"]), "None holds documents"),
    ],
)
def test_tables_that_a_graph_cannot_take(frame, tmp_path, estimator, reason):
    model = sk2torch.wrap(estimator(frame))
    with pytest.raises(sk2torch.ArtifactError, match=f"cannot take the table: column {reason}.*table=False"):
        sk2torch.export(model, tmp_path / "model.onnx", methods=["transform"], table=True)
    assert list(tmp_path.iterdir()) == []


def test_none_that_is_a_category_is_the_empty_string(frame, tmp_path):
    estimator = _none_and_missing(frame)
    path = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.onnx", methods=["transform"])
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(None, {"city": np.array([[""], ["Rome"]], dtype=object)})[0]
    assert (found == estimator.transform(pd.DataFrame({"city": [None, "Rome"]})).toarray()).all()


def test_words_beside_numbers_are_no_strings():
    column = Column("city", by_code=True)
    column.codes(["a", 3])
    assert column_obstacle(column) == "mixes words with other values"


def test_columns_that_are_called_like_values_of_the_graph(tmp_path):
    words, numbers = ["a", "b", "c", "a"] * 5, np.arange(20.0)
    for names, inputs in ((["encoded_table", "val_0"], ["encoded_table", "val_0"]), (["label", "X"], ["x0", "x1"])):
        frame = pd.DataFrame(dict(zip(names, (words, numbers), strict=True)))
        table = make_column_transformer((OneHotEncoder(), names[:1]), (StandardScaler(), names[1:]))
        estimator = make_pipeline(table, LogisticRegression()).fit(frame, ["x", "y"] * 10)
        path = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.onnx", ["predict"])
        assert [value.name for value in onnx.load(path).graph.input] == inputs
        assert sk2torch.verify(estimator, path, frame).passed
