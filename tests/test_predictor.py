"""The facade takes what scikit-learn takes and returns what it returns."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

import sk2torch
from tests.cases import data

STRINGS, NUMBERS = ["city", "grade"], ["age", "rooms", "income"]


def table_pipeline(handle_unknown="ignore"):
    strings = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown=handle_unknown))
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer([("strings", strings, STRINGS), ("numbers", numbers, NUMBERS)])
    frame, y = data.mixed_table()
    return make_pipeline(columns, LogisticRegression()).fit(frame, np.array(["no", "yes"])[y])


@pytest.fixture(scope="module")
def pipeline():
    return table_pipeline()


@pytest.fixture(scope="module", params=["model", ".pt", ".pt2", ".onnx"])
def predictor(request, pipeline, tmp_path_factory):
    model = sk2torch.wrap(pipeline)
    if request.param == "model":
        return sk2torch.Predictor(model)
    path = tmp_path_factory.mktemp("artifact") / f"model{request.param}"
    return sk2torch.Predictor(sk2torch.export(model, path))


def assert_equal_answers(pipeline, predictor, frame):
    labels = predictor.predict(frame)
    assert labels.dtype == pipeline.classes_.dtype
    np.testing.assert_array_equal(labels, pipeline.predict(frame))
    np.testing.assert_allclose(predictor.predict_proba(frame), pipeline.predict_proba(frame), rtol=0, atol=1e-12)


def test_frames_with_strings_and_missing_values(pipeline, predictor):
    assert_equal_answers(pipeline, predictor, data.mixed_table()[0])


def test_columns_in_another_order_and_without_the_unused(pipeline, predictor):
    frame = data.mixed_table()[0]
    assert_equal_answers(pipeline, predictor, frame[frame.columns[::-1]].drop(columns="owner"))


def test_unknown_categories_are_ignored_where_the_encoder_ignores_them(pipeline, predictor):
    frame = data.mixed_table()[0].head(5).copy()
    frame["city"] = ["Atlantis", "Oslo", None, "oslo", ""]
    np.testing.assert_allclose(predictor.predict_proba(frame), pipeline.predict_proba(frame.fillna({"city": np.nan})))


def test_a_missing_column_is_named(predictor):
    with pytest.raises(sk2torch.InputError, match=r"columns are missing: \['city'\]"):
        predictor.predict(data.mixed_table()[0].drop(columns="city"))


def test_text_in_a_number_column_is_named(predictor):
    frame = data.mixed_table()[0].head(3).astype({"rooms": object})
    frame.loc[1, "rooms"] = "many"
    with pytest.raises(sk2torch.InputError, match=r"'rooms'.*'many'"):
        predictor.predict(frame)


def test_wrong_width_of_an_array(predictor):
    with pytest.raises(sk2torch.InputError, match=r"expected 6 features, got 3"):
        predictor.predict(np.zeros((2, 3)))


def test_an_unknown_category_where_the_encoder_says_error():
    frame = data.mixed_table()[0].head(3).copy()
    frame["grade"] = ["low", "worst", "mid"]
    predictor = sk2torch.Predictor(sk2torch.wrap(table_pipeline("error")))
    with pytest.raises(sk2torch.InputError, match=r"'grade'.*unknown categories 'worst'"):
        predictor.predict(frame)


def test_lists_sparse_matrices_and_tensors():
    X, y = data.regression()
    estimator = LinearRegression().fit(X, y)
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    expected = estimator.predict(X)
    for table in (X.tolist(), scipy.sparse.csr_matrix(X), torch.from_numpy(X), np.asfortranarray(X)):
        np.testing.assert_allclose(predictor.predict(table), expected)
    integers = X.round().astype(np.int32)
    np.testing.assert_allclose(predictor.predict(integers), estimator.predict(integers))


def test_sparse_results_stay_sparse():
    frame = data.mixed_table()[0][["grade"]]
    encoder = OneHotEncoder().fit(frame)
    result = sk2torch.Predictor(sk2torch.wrap(encoder)).transform(frame)
    assert scipy.sparse.issparse(result)
    np.testing.assert_array_equal(result.toarray(), encoder.transform(frame).toarray())


def test_results_are_detached_and_belong_to_the_caller():
    X, y = data.binary()
    model = sk2torch.wrap(LogisticRegression().fit(X, y))
    first = sk2torch.Predictor(model).predict_proba(X)
    first[:] = 7
    assert not (sk2torch.Predictor(model).predict_proba(X) == 7).any()


def test_the_surface_is_that_of_the_model(pipeline, predictor):
    assert "predict_proba" in dir(predictor)
    assert not hasattr(predictor, "transform")
    assert list(predictor.classes_) == list(pipeline.classes_)
    with pytest.raises(AttributeError, match=r"no 'transform'"):
        predictor.transform(data.mixed_table()[0])
    regressor = LinearRegression().fit(*data.regression())
    assert not hasattr(sk2torch.Predictor(sk2torch.wrap(regressor)), "classes_")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_the_estimator_refuses_are_refused(value):
    X, y = data.binary()
    predictor = sk2torch.Predictor(sk2torch.wrap(LogisticRegression().fit(X, y)))
    X = X.copy()
    X[1, 2] = value
    with pytest.raises(sk2torch.InputError, match=r"column 2 contains (NaN|infinity)"):
        predictor.predict(X)


def test_names_survive_composites_that_begin_with_passthrough():
    frame = data.mixed_table()[0][["age", "rooms", "income"]].fillna(0)
    y = frame["income"].to_numpy()
    inner = make_pipeline("passthrough", StandardScaler(), LinearRegression())
    estimator = TransformedTargetRegressor(inner, transformer=StandardScaler()).fit(frame, y)
    shuffled = frame[["income", "age", "rooms"]]
    np.testing.assert_allclose(sk2torch.Predictor(sk2torch.wrap(estimator)).predict(shuffled), estimator.predict(frame))


def test_categories_that_float32_would_round_are_refused():
    ids = np.array([[16777216], [16777217], [16777218]])
    encoder = OrdinalEncoder().fit(ids)
    with pytest.raises(ValueError, match=r"not exact"):
        sk2torch.wrap(encoder, dtype=torch.float32)
    even = sk2torch.wrap(OrdinalEncoder().fit(ids[[0, 2]]), dtype=torch.float32)
    with pytest.raises(sk2torch.InputError, match=r"float64"):
        even.encode(ids)


def test_float_labels_of_a_float32_model_are_the_original_ones():
    X, y = data.binary()
    estimator = LogisticRegression().fit(X, np.array([3.0, 16777217.0])[y])
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator, dtype=torch.float32))
    np.testing.assert_array_equal(predictor.predict(X), estimator.predict(X))


def test_pandas_na_where_the_imputer_looks_for_nan():
    words = pd.DataFrame({"w": np.array(["a", "b", "a", np.nan], dtype=object)})
    pipeline = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")).fit(words)
    predictor = sk2torch.Predictor(sk2torch.wrap(pipeline))
    np.testing.assert_array_equal(predictor.transform(words).toarray(), pipeline.transform(words).toarray())
    with pytest.raises(sk2torch.InputError, match=r"pandas\.NA"):
        predictor.transform(pd.DataFrame({"w": pd.Series(["a", None], dtype="string")}))
    with pytest.raises(sk2torch.InputError, match="NaT"):
        predictor.transform(pd.DataFrame({"w": np.array(["a", pd.NaT], dtype=object)}))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float16])
def test_functions_of_narrow_numbers_are_refused(dtype):
    ranks = OrdinalEncoder(dtype=dtype)
    pipeline = make_pipeline(ranks, "passthrough", FunctionTransformer(np.negative)).fit([[1.0], [2.0], [3.0]])
    with pytest.raises(sk2torch.UnsupportedParameter, match=r"dtype=float"):
        sk2torch.wrap(pipeline)


def test_encoded_rows_are_taken_as_they_are(predictor, pipeline):
    frame, _ = data.mixed_table()
    rows = predictor.encode(frame)
    np.testing.assert_array_equal(rows, sk2torch.wrap(pipeline).encode(frame))
    assert [column.name for column in predictor.encoding.columns] == list(frame)
    assert not predictor.couples_rows
    np.testing.assert_array_equal(predictor.predict(rows), pipeline.predict(frame))
    with pytest.raises(sk2torch.InputError):
        predictor.encode(frame[STRINGS])
