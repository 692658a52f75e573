"""Encoders and imputers: refusals, unknown categories in every form of the model, and a sweep of parameters."""

import io
import itertools

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    LabelBinarizer,
    LabelEncoder,
    MultiLabelBinarizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

import sk2torch
from tests import checks

NAN = float("nan")
STRICT = {
    "one hot": lambda: OneHotEncoder(),
    "one hot, infrequent": lambda: OneHotEncoder(min_frequency=2),
    "ordinal": lambda: OrdinalEncoder(),
}
KNOWN = np.array([[1.0, 0.1], [2.0, 0.3], [2.0, 0.1]])
UNKNOWN = {"a new number": [[1.0, 0.1], [2.0, 0.2]], "a missing number": [[1.0, 0.1], [NAN, 0.1]]}


@pytest.fixture(params=STRICT)
def strict(request):
    return STRICT[request.param]().fit(KNOWN)


@pytest.mark.parametrize("rows", UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_numbers_raise_in_eager_and_scripted_code(strict, rows):
    model = sk2torch.wrap(strict)
    x = torch.tensor(rows, dtype=torch.float64)
    with pytest.raises(ValueError, match="found unknown categories"):
        model.transform(x)
    with pytest.raises(torch.jit.Error, match="found unknown categories"):
        torch.jit.script(model).transform(x)


def _graphs(model, x):
    module = sk2torch.method_module(model, "transform")
    batch = torch.export.Dim("batch")
    yield torch.compile(module, fullgraph=True, backend="aot_eager")
    yield torch.export.export(module, (x,), dynamic_shapes=({0: batch},)).module()
    buffer = io.BytesIO()
    torch.onnx.export(module, (x,), dynamo=True, dynamic_shapes=({0: batch},), verbose=False).save(buffer)
    session = onnxruntime.InferenceSession(buffer.getvalue())
    yield lambda rows: torch.from_numpy(session.run(None, {session.get_inputs()[0].name: rows.numpy()})[0])


@pytest.mark.parametrize("rows", UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_numbers_are_errors_in_graphs_too(rows):
    model = sk2torch.wrap(OneHotEncoder().fit(KNOWN))
    x = torch.tensor(rows, dtype=torch.float64)
    for graph in _graphs(model, x):
        assert torch.equal(graph(x[:1]), model.transform(x[:1]))
        # Each runtime has its own class of error for a position out of range.
        with pytest.raises(Exception, match=r"(?i)index|out of|bounds"):
            graph(x)


def test_rows_that_cannot_be_inverted_raise():
    one_hot = sk2torch.wrap(OneHotEncoder().fit(KNOWN))
    with pytest.raises(ValueError, match="all zeros"):
        one_hot.inverse_transform(torch.zeros(1, 4))
    ordinal = sk2torch.wrap(OrdinalEncoder().fit(KNOWN))
    with pytest.raises(ValueError, match="number of categories"):
        ordinal.inverse_transform(torch.tensor([[2.0, 0.0]]))
    with pytest.raises(ValueError, match="shape"):
        one_hot.inverse_transform(torch.zeros(1, 3))


def test_negative_places_count_from_the_end():
    encoder = OrdinalEncoder().fit(KNOWN)
    places = np.array([[-1.0, -2.0], [0.9, -0.9]])
    np.testing.assert_array_equal(
        sk2torch.Predictor(sk2torch.wrap(encoder)).inverse_transform(places), encoder.inverse_transform(places)
    )


@pytest.mark.parametrize(
    ("estimator", "X", "message"),
    [
        (OneHotEncoder(), np.array([["2020-01-01"]], dtype="datetime64[D]"), "dates"),
        (OneHotEncoder(), np.array([[2**53 + 1]]), "no exact float64"),
        (OrdinalEncoder(dtype=bool), np.array([[1], [2], [3]]), "wider number type"),
        (OrdinalEncoder(dtype=np.int8), np.arange(200).reshape(-1, 1), "wider number type"),
        (SimpleImputer(strategy="constant", fill_value=NAN), KNOWN, "fill_value=nan"),
    ],
)
def test_refusals(estimator, X, message):
    with pytest.raises(sk2torch.UnsupportedParameter, match=message):
        sk2torch.wrap(estimator.fit(X))


def test_words_after_arithmetic_are_refused():
    table = np.array([[1, "a"], [2, "b"]], dtype=object)
    pipeline = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()).fit(table)
    assert sk2torch.wrap(pipeline)
    words = np.array([["1"], ["2"], ["2"]], dtype=object)
    pipeline = make_pipeline(SimpleImputer(strategy="most_frequent"), StandardScaler()).fit(words)
    with pytest.raises(sk2torch.UnsupportedParameter, match="text or None for one step and numbers for another"):
        sk2torch.wrap(pipeline)


def test_float32_encoders_compare_in_float32():
    X = np.array([[0.1], [0.3], [1e6 + 0.5]])
    model = sk2torch.wrap(OneHotEncoder().fit(X), dtype=torch.float32)
    assert torch.equal(model.transform(model.encode(X)), torch.eye(3))


def test_a_column_of_many_categories_needs_no_table_of_them():
    X = pd.DataFrame({"key": [f"k{i % 5000}" for i in range(20_000)]})
    encoder = OneHotEncoder(max_categories=3, handle_unknown="infrequent_if_exist").fit(X)
    model = sk2torch.wrap(encoder)
    checks.assert_same(model.transform(model.encode(X)), encoder.transform(X).toarray(), "transform", 0.0)


def _tables():
    generator = np.random.default_rng(0)
    objects = [["x", "y", None, np.nan], [1, 2, 3, None], [True, False, np.nan]]
    return {
        "numbers": generator.integers(0, 6, (50, 3)).astype(float),
        "missing": np.where(generator.random((50, 3)) < 0.2, np.nan, generator.integers(0, 6, (50, 3))),
        "words": generator.choice(["aa", "b", "ccc", "d"], (50, 2), p=[0.6, 0.2, 0.15, 0.05]),
        "objects": np.stack([generator.choice(np.array(c, dtype=object), 50) for c in objects], axis=1),
    }


TABLES = _tables()
ONE_HOT = [
    *itertools.product(
        ["error", "ignore", "infrequent_if_exist", "warn"],
        [None, "first", "if_binary"],
        [(None, None), (8, None), (0.2, None), (None, 2), (None, 1), (3, 3)],
    )
]
ORDINAL = [
    *itertools.product(
        [("error", None), ("use_encoded_value", -1), ("use_encoded_value", NAN), ("use_encoded_value", 50)],
        [NAN, -2, 70],
        [(None, None), (8, None), (None, 2), (None, 1)],
    )
]


def _with_strange_values(X):
    X = X.astype(object) if X.dtype.kind == "U" else X.copy()
    X[0, 0] = "zzz" if X.dtype.kind == "O" else 99
    X[1, -1] = np.nan if X.dtype.kind != "f" else 77
    return X


def _answer(function, value):
    try:
        return checks.sklearn_call(function.__self__, function.__name__, value)
    except (ValueError, IndexError):
        return None


def _compare(encoder, X):
    predictor = sk2torch.Predictor(sk2torch.wrap(encoder))
    for rows in (X, _with_strange_values(X)):
        expected = _answer(encoder.transform, rows)
        if expected is None:
            with pytest.raises(ValueError, match="unknown"):
                predictor.transform(rows)
            continue
        checks.assert_same(predictor.transform(rows), expected, "transform", 0.0)
        # scikit-learn refuses tables without columns.
        if expected.shape[1] == 0:
            continue
        original = _answer(encoder.inverse_transform, expected)
        if original is None:
            with pytest.raises(ValueError, match="cannot invert"):
                predictor.inverse_transform(expected)
            continue
        actual = predictor.inverse_transform(expected)
        assert actual.dtype == original.dtype
        checks.assert_same(actual, original, "inverse_transform", 0.0)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(("unknown", "drop", "infrequent"), ONE_HOT)
def test_one_hot_options_together(name, unknown, drop, infrequent):
    options = {"handle_unknown": unknown, "drop": drop, "min_frequency": infrequent[0], "max_categories": infrequent[1]}
    _compare(OneHotEncoder(**options).fit(TABLES[name]), TABLES[name])


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(("unknown", "missing", "infrequent"), ORDINAL)
def test_ordinal_options_together(name, unknown, missing, infrequent):
    encoder = OrdinalEncoder(
        handle_unknown=unknown[0],
        unknown_value=unknown[1],
        encoded_missing_value=missing,
        min_frequency=infrequent[0],
        max_categories=infrequent[1],
    )
    _compare(encoder.fit(TABLES[name]), TABLES[name])


@pytest.mark.parametrize("labels", [["a", "b"], [3, 1, 2], [True, False], ["x", "y", "z"]])
def test_label_binarizer_inverts_scores(labels):
    binarizer = LabelBinarizer().fit(labels)
    width = 1 if len(labels) == 2 else len(labels)
    scores = np.random.default_rng(0).normal(size=(30, width))
    actual = sk2torch.Predictor(sk2torch.wrap(binarizer)).inverse_transform(scores)
    np.testing.assert_array_equal(actual, binarizer.inverse_transform(scores))
    assert actual.dtype == binarizer.classes_.dtype


def test_label_binarizer_and_unknown_labels():
    three = LabelBinarizer().fit(["x", "y", "z"])
    labels = ["x", "other", "z", "more"]
    np.testing.assert_array_equal(sk2torch.Predictor(sk2torch.wrap(three)).transform(labels), three.transform(labels))
    two = sk2torch.Predictor(sk2torch.wrap(LabelBinarizer().fit([0, 1])))
    with pytest.raises(ValueError, match="unknown labels"):
        two.transform([0, 2])
    with pytest.raises(ValueError, match="shape"):
        sk2torch.wrap(three).transform(torch.zeros(2, 2))


def test_imputers_without_indicator_have_no_inverse():
    model = sk2torch.wrap(SimpleImputer().fit(KNOWN))
    assert not hasattr(model, "inverse_transform")
    assert not hasattr(sk2torch.wrap(make_pipeline(SimpleImputer(), StandardScaler()).fit(KNOWN)), "inverse_transform")


def test_none_among_numbers_is_not_nan():
    X = np.array([[1, "a"], [2, "b"], [np.nan, "a"]], dtype=object)
    model = sk2torch.wrap(SimpleImputer(strategy="most_frequent").fit(X))
    with pytest.raises(sk2torch.InputError, match="got None"):
        model.encode(np.array([[None, "a"]], dtype=object))


def test_labels_are_cast_to_the_dtype_of_the_classes():
    whole = LabelEncoder().fit([1, 2, 5])
    labels = [1.7, 5.2, 2.0]
    np.testing.assert_array_equal(sk2torch.Predictor(sk2torch.wrap(whole)).transform(labels), whole.transform(labels))
    single = LabelEncoder().fit(np.array([0.1, 0.3], dtype=np.float32))
    np.testing.assert_array_equal(sk2torch.Predictor(sk2torch.wrap(single)).transform([0.3, 0.1]), [1, 0])
    flags = LabelEncoder().fit([False, True])
    np.testing.assert_array_equal(sk2torch.Predictor(sk2torch.wrap(flags)).transform([0.5, 0.0]), [1, 0])


def test_labels_and_places_that_are_none_raise():
    words = sk2torch.wrap(LabelEncoder().fit(["no", "yes"]))
    with pytest.raises(sk2torch.InputError, match="maybe"):
        words.encode(["maybe"])
    numbers = sk2torch.wrap(LabelEncoder().fit([1, 2, 5]))
    with pytest.raises(ValueError, match="no class"):
        numbers.transform(torch.tensor([3.0]))
    for place in (-1.0, 3.0, 0.5, NAN):
        with pytest.raises(ValueError, match="places of classes"):
            numbers.inverse_transform(torch.tensor([place]))


def test_label_sets_in_artifacts(tmp_path):
    sets = [{"a", "b"}, (), ["c", "c"]]
    estimator = MultiLabelBinarizer().fit(sets)
    model = sk2torch.wrap(estimator)
    for predictor in (sk2torch.Predictor(model), sk2torch.Predictor(sk2torch.export(model, tmp_path / "model.pt"))):
        indicator = predictor.transform([*sets, {"z"}])
        np.testing.assert_array_equal(indicator, [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]])
        assert predictor.inverse_transform(indicator) == estimator.inverse_transform(indicator)
    with pytest.raises(sk2torch.InputError, match="collection of labels"):
        model.encode([1, 2])
    with pytest.raises(ValueError, match="only zeros and ones"):
        model.inverse_transform(torch.full((1, 3), 0.5))
    tuples = sk2torch.wrap(MultiLabelBinarizer().fit([[("x", 1)], [("y", 2)]]))
    with pytest.raises(sk2torch.UnsupportedParameter, match="cannot store"):
        sk2torch.export(tuples, tmp_path / "tuples.pt")
