"""From tables to tensors and back: what is encoded, what is refused, and how."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

import sk2torch
from sk2torch.base.columns import Column
from sk2torch.export.runtime import runtime_of

NAN = float("nan")


def text_column(*words, **attributes):
    column = Column("word")
    column.codes(words)
    column.used = True
    for name, value in attributes.items():
        setattr(column, name, value)
    return column


def numeric_column(categories=()):
    column = Column("number")
    if categories:
        column.codes(categories)
    column.used = True
    return column


@pytest.mark.parametrize(
    "values",
    [
        ["a", "new", None, NAN],
        np.array(["a", "new", None, NAN], dtype=object),
        pd.Series(["a", "new", None, NAN], dtype=object),
    ],
)
def test_words_become_codes(values):
    np.testing.assert_array_equal(text_column("b", "a", None).encode(values), [1, -1, 2, NAN])


@pytest.mark.parametrize("dtype", ["str", "category"])
def test_missing_words_of_pandas_are_nan(dtype):
    values = pd.Series(["a", np.nan, "b"], dtype=dtype)
    np.testing.assert_array_equal(text_column("b", "a").encode(values), [1, NAN, 0])


def test_pandas_na_is_no_nan_among_words():
    values = pd.Series(["a", None], dtype="string")
    np.testing.assert_array_equal(text_column("a").encode(values), [0, -1])
    np.testing.assert_array_equal(text_column("a", pd.NA).encode(values), [0, 1])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2.5, None], [1, 2.5, NAN]),
        (pd.Series([1, None], dtype="Int64"), [1, NAN]),
        (pd.Series([0.5, None], dtype="Float64"), [0.5, NAN]),
        (pd.Series([True, None], dtype="boolean"), [1, NAN]),
        (pd.Series([3, 1, None], dtype="category"), [3, 1, NAN]),
        (np.array([True, False]), [1, 0]),
        (np.array(["1.5", 2], dtype=object), [1.5, 2]),
    ],
)
def test_numbers(values, expected):
    np.testing.assert_array_equal(numeric_column().encode(values), expected)


@pytest.mark.parametrize(
    "values",
    [["x"], np.array(["2020-01-01"], dtype="datetime64[D]"), np.array(["1.5"]), np.array([1j]), pd.Series(["x"])],
)
def test_what_is_no_number_is_refused(values):
    with pytest.raises(sk2torch.InputError, match="column 'number': expected numbers, got"):
        numeric_column().encode(values)


def test_numbers_are_compared_with_categories_exactly():
    column = numeric_column([1, 2])
    np.testing.assert_array_equal(column.encode(np.array([1, True, NAN], dtype=object)), [1, 1, NAN])
    for value in ("1", None):
        with pytest.raises(sk2torch.InputError, match="expected numbers, got"):
            column.encode(np.array([1, value], dtype=object))
    with pytest.raises(sk2torch.InputError, match="no exact float64"):
        column.encode(np.array([2**53 + 1]))


def test_strict_columns_name_the_strange_values():
    column = text_column("a", strict=True)
    with pytest.raises(
        sk2torch.InputError, match=r"column 'word': found unknown categories 'x', 'y'; .*handle_unknown"
    ):
        column.encode(["a", "x", "y", "x"])
    np.testing.assert_array_equal(column.encode(["a", NAN]), [0, NAN])


def test_a_list_in_a_cell_is_refused():
    with pytest.raises(sk2torch.InputError, match="got a list"):
        text_column("a").encode(np.array([["a"], None], dtype=object))


def test_words_that_are_passed_on_come_back():
    column = text_column("a", passed_on=True)
    codes = column.encode(["new", "a", "newer", "new", NAN])
    assert column.decode(codes).tolist()[:4] == ["new", "a", "newer", "new"]
    assert np.isnan(column.decode(codes)[4])
    assert column.encode(["newer"]).tolist() == [codes[2]]


def test_numbers_come_back_with_their_type():
    assert [type(v) for v in numeric_column([1, 2]).decode(np.array([1.0, NAN]))] == [int, float]
    assert numeric_column([1, 2]).decode(np.array([2.5]))[0] == 2.5
    assert numeric_column([True, False]).decode(np.array([1.0, 0.0])).tolist() == [True, False]
    assert numeric_column([1, 2.5]).decode(np.array([1.0]))[0] == 1.0


@pytest.mark.parametrize("value", [np.datetime64("2020-01-01"), pd.Timestamp("2020-01-01")])
def test_dates_are_refused(value):
    with pytest.raises(sk2torch.UnsupportedParameter, match="date"):
        Column("day").codes([value if isinstance(value, pd.Timestamp) else value.item()])


def test_huge_integer_categories_are_refused():
    with pytest.raises(sk2torch.UnsupportedParameter, match="no exact float64"):
        Column("key").codes([2**53 + 1])


def test_a_column_of_computed_numbers_takes_no_words():
    with pytest.raises(sk2torch.UnsupportedParameter, match="earlier step"):
        Column(computed=True).codes(["a"])


def test_words_and_arithmetic_in_one_column_are_refused():
    table = pd.DataFrame({"a": np.array(["1", "2", "1"], dtype=object)})
    for first, second in ((OneHotEncoder(), StandardScaler()), (StandardScaler(), OneHotEncoder())):
        union = FeatureUnion([("one", first), ("two", second)]).fit(table)
        with pytest.raises(sk2torch.UnsupportedParameter, match="text or None for one step and numbers for another"):
            sk2torch.wrap(union)


def test_columns_survive_json():
    column = text_column("a", None, pd.NA, strict=True)
    column.codes([True])
    column.missing_words.add("?")
    copy = Column.from_dict(json.loads(json.dumps(column.to_dict())))
    assert copy.to_dict() == column.to_dict()
    assert list(copy.vocabulary) == ["a", None, pd.NA]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"b": ["x"]}), r"columns are missing: \['a'\]"),
        (pd.DataFrame([["x", "x", 1.0]], columns=["a", "a", "b"]), "more than once"),
        (np.array([["x"]], dtype=object), "expected 2 features, got 1"),
        (np.array(["x"], dtype=object), r"reshape\(-1, 1\)"),
        ([["x", 1.0], ["x"]], "different lengths"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "column 'b': expected numbers, got 'y' of type str"),
        (pd.DataFrame({"a": ["z"], "b": [1.0]}), "column 'a': found unknown categories 'z'"),
    ],
)
def test_tables_that_do_not_fit(table, message):
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]})
    model = sk2torch.wrap(ColumnTransformer([("w", OneHotEncoder(), ["a"]), ("n", StandardScaler(), ["b"])]).fit(frame))
    with pytest.raises(sk2torch.InputError, match=message):
        model.encode(table)


def test_columns_by_position_when_fitted_without_names():
    encoder = OrdinalEncoder().fit(np.array([["x", 1], ["y", 2]], dtype=object))
    model = sk2torch.wrap(encoder)
    expected = model.encode(np.array([["y", 1]], dtype=object))
    for table in ([["y", 1]], pd.DataFrame({"other": ["y"], "names": [1]}), pd.DataFrame([["y", 1]])):
        assert torch.equal(model.encode(table), expected)
    with pytest.raises(sk2torch.InputError, match="expected 2 features, got 1"):
        model.encode(pd.DataFrame({"one": ["y"]}))


def test_columns_that_no_step_reads_may_hold_anything():
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]})
    transformer = ColumnTransformer([("n", StandardScaler(), ["b"])])
    for fitted, table in ((frame, frame.assign(a=[[1], [2]])), (frame.to_numpy(), frame.to_numpy())):
        fit = ColumnTransformer([("n", StandardScaler(), [1])]) if fitted is not frame else transformer
        encoded = sk2torch.wrap(fit.fit(fitted)).encode(table)
        np.testing.assert_array_equal(encoded, [[NAN, 1], [NAN, 2]])


def test_text_that_no_step_reads_is_refused():
    table = pd.DataFrame({"a": ["x", "y"]})
    model = sk2torch.wrap(FunctionTransformer().fit(table))
    with pytest.raises(sk2torch.InputError, match="no step of the model reads text"):
        model.encode(table)


def test_artifacts_hand_words_on(tmp_path):
    table = pd.DataFrame({"a": ["x", "y", np.nan, "x"], "b": [1, 2, 2, 3]})
    pipeline = make_pipeline(SimpleImputer(strategy="most_frequent")).fit(table)
    predictor = sk2torch.Predictor(sk2torch.export(sk2torch.wrap(pipeline), tmp_path / "imputer.pt"))
    fresh = table.assign(a=["new", "y", np.nan, "newer"])
    np.testing.assert_array_equal(predictor.transform(fresh), pipeline.transform(fresh))


def test_artifacts_invert_unknown_and_infrequent_categories(tmp_path):
    table = pd.DataFrame({"a": ["x"] * 5 + ["y", "z"], "b": [1, 2, 2, 3, 3, 3, 3]})
    encoder = OneHotEncoder(handle_unknown="ignore", min_frequency=2).fit(table)
    predictor = sk2torch.Predictor(sk2torch.export(sk2torch.wrap(encoder), tmp_path / "encoder.pt"))
    coded = encoder.transform(table.assign(b=[1, 2, 2, 3, 3, 9, 3]))
    np.testing.assert_array_equal(predictor.inverse_transform(coded), encoder.inverse_transform(coded))


def test_decoding_gives_whole_numbers_only_where_they_are():
    imputer = SimpleImputer(strategy="most_frequent", missing_values=-1).fit(np.array([[1, -1], [1, 2]]))
    predictor = sk2torch.Predictor(sk2torch.wrap(imputer))
    assert predictor.transform(np.array([[1, -1]])).dtype == np.int64
    np.testing.assert_array_equal(predictor.transform(np.array([[1.5, -1]])), [[1.5, 2]])


def test_a_mixed_column_is_encoded_by_code():
    X = np.array([[1], [None], [2.0], [True]], dtype=object)
    encoder = OneHotEncoder().fit(X)
    runtime = runtime_of(sk2torch.wrap(encoder))
    column = runtime.encoding.columns[0]
    assert column.by_code
    assert column.encode(pd.Series([2, None], dtype="Int64")).tolist()[0] == column.vocabulary[2]
