"""Which columns of a table a model takes, however the table keeps them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

import sk2torch

NAN = float("nan")


class Frame:
    """A table of another library than pandas: names, and a column by name."""

    def __init__(self, frame):
        self.columns = list(frame.columns)
        self._columns = {name: frame[name].to_numpy() for name in frame}

    def __getitem__(self, name):
        return self._columns[name]

    def __len__(self):
        return len(next(iter(self._columns.values())))


def numbers(n=3, dtype=np.float64):
    return pd.DataFrame({"a": np.arange(n), "b": np.arange(n) * 10, "c": np.arange(n) * 100}).astype(dtype)


@pytest.fixture(scope="module")
def encoder():
    transformer = ColumnTransformer([("word", OrdinalEncoder(), ["word"]), ("number", StandardScaler(), ["b", "a"])])
    X = numbers().assign(word=["x", "y", "x"])
    return sk2torch.wrap(transformer.fit(X)), transformer


def test_names_are_looked_up_anew_in_each_table(encoder):
    model, transformer = encoder
    X = numbers().assign(word=["y", "x", "y"])
    for names in (["a", "b", "c", "word"], ["word", "c", "b", "a"], ["b", "word", "a"], ["a", "b", "c", "word"]):
        expected = transformer.transform(X[[*names, *({"c"} - set(names))]])
        np.testing.assert_allclose(sk2torch.Predictor(model).transform(X[names]), expected, rtol=1e-14)
    with pytest.raises(sk2torch.InputError, match="columns are missing: \\['b'\\]"):
        model.encode(X[["a", "c", "word"]])
    with pytest.raises(sk2torch.InputError, match="more than once: \\['b'\\]"):
        model.encode(X[["a", "b", "b", "word"]])
    np.testing.assert_array_equal(model.encode(X)[:, :2].numpy(), X[["a", "b"]])


def test_names_that_are_equal_but_not_the_same_are_looked_up_anew():
    X = numbers()
    model = sk2torch.wrap(LinearRegression().fit(X.rename(columns={"a": "1", "b": "0"}), [0, 1, 2]))
    model.encode(X.rename(columns={"a": 1, "b": 0}))
    with pytest.raises(sk2torch.InputError, match="columns are missing: \\['1', '0'\\]"):
        model.encode(X.rename(columns={"a": True, "b": False}))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, "Int64", "Float64", "boolean", object])
def test_numbers_of_every_dtype_of_pandas(dtype):
    X = (numbers(2) > 0).astype(dtype) if dtype == "boolean" else numbers(2, dtype)
    model = sk2torch.wrap(LinearRegression().fit(numbers(), [0, 1, 2]))
    np.testing.assert_array_equal(model.encode(X).numpy(), np.asarray(X, dtype=float))
    np.testing.assert_array_equal(model.encode(X[:0]).numpy(), np.empty((0, 3)))


@pytest.mark.parametrize("dtype", ["Int64", "Float64"])
def test_missing_numbers_of_pandas_are_refused_by_name(dtype):
    X = numbers(dtype=dtype)
    X.loc[1, "b"] = pd.NA
    with pytest.raises(sk2torch.InputError, match="column 'b' contains NaN"):
        sk2torch.wrap(LinearRegression().fit(numbers(), [0, 1, 2])).encode(X)


@pytest.mark.parametrize("values", [pd.to_datetime(["2020-01-01"] * 3), ["1", "2", "x"], pd.Categorical(["x"] * 3)])
def test_what_is_no_number_is_refused_by_name(values):
    model = sk2torch.wrap(LinearRegression().fit(numbers(), [0, 1, 2]))
    with pytest.raises(sk2torch.InputError, match="column 'b': expected numbers"):
        model.encode(numbers().assign(b=values))


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_words_of_every_dtype_of_pandas(encoder, dtype):
    model, transformer = encoder
    X = numbers().assign(word=pd.Series(["y", "x", "y"], dtype=dtype))
    np.testing.assert_allclose(sk2torch.Predictor(model).transform(X), transformer.transform(X), rtol=1e-14)


def test_tables_of_other_libraries(encoder):
    model, transformer = encoder
    X = numbers().assign(word=["y", "x", "y"])
    np.testing.assert_allclose(sk2torch.Predictor(model).transform(Frame(X)), transformer.transform(X), rtol=1e-14)


def test_columns_of_one_name_are_told_apart_by_position():
    X = numbers()
    model = sk2torch.wrap(LinearRegression().fit(X.to_numpy(), [0, 1, 2]))
    np.testing.assert_array_equal(model.encode(X.set_axis(["a", "a", "b"], axis=1)).numpy(), X)


def test_the_column_that_holds_infinity_or_nan_is_named():
    X = numbers()
    model = sk2torch.wrap(LinearRegression().fit(X, [0, 1, 2]))
    for value, word in ((NAN, "NaN"), (-np.inf, "infinity")):
        with pytest.raises(sk2torch.InputError, match=f"column 'c' contains {word}"):
            model.encode(X.assign(c=[0.0, value, 1.0]))


def test_a_table_that_is_handed_on_belongs_to_the_caller():
    X = numbers()
    encoded = sk2torch.wrap(LinearRegression().fit(X, [0, 1, 2])).encode(X)
    encoded.fill_(7.0)
    assert X.iloc[1, 1] == 10.0


@pytest.mark.parametrize("dtypes", [("int8", "float32"), ("uint64", "float64"), ("bool", "int64"), ("Int8", "float64")])
def test_numbers_of_several_dtypes_in_one_table(dtypes):
    X = numbers(2)
    model = sk2torch.wrap(LinearRegression().fit(numbers(), [0, 1, 2]))
    X = X.assign(c=(X["c"] > 0).astype(dtypes[0]), a=X["a"].astype(dtypes[1]))
    np.testing.assert_array_equal(model.encode(X).numpy(), [[0, 0, 0], [1, 10, 1]])
    np.testing.assert_array_equal(model.encode(X[["c", "b", "a"]]).numpy(), [[0, 0, 0], [1, 10, 1]])
