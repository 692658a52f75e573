"""NaN and infinity that reach a step which refuses them through steps that do not."""

import numpy as np
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

import sk2torch
from tests.cases import data

SCALERS = [
    StandardScaler(),
    MinMaxScaler(clip=True),
    MaxAbsScaler(),
    RobustScaler(),
    PowerTransformer(),
    QuantileTransformer(n_quantiles=9),
]


@pytest.fixture(scope="module")
def rows():
    X, y = data.multiclass()
    return np.abs(X), y


def fitted(rows, *steps):
    model = make_pipeline(*steps).fit(*rows)
    return model, sk2torch.Predictor(sk2torch.wrap(model))


def outside(rows, last):
    """A pipeline with a logarithm, and its module."""
    model = make_pipeline(FunctionTransformer(np.log), last).fit(rows[0] + 0.5, rows[1])
    return model, sk2torch.wrap(model)


def with_cell(X, value):
    query = X[:5].copy()
    query[2, 1] = value
    return query


@pytest.mark.parametrize("scaler", SCALERS, ids=lambda scaler: type(scaler).__name__)
def test_scalers_keep_what_the_next_step_refuses(rows, scaler):
    model, predictor = fitted(rows, scaler, SelectKBest(k=3), GaussianNB())
    query = with_cell(rows[0], np.nan)
    with pytest.raises(ValueError, match="NaN"):
        model.predict(query)
    with pytest.raises(sk2torch.InputError, match="column 1 contains NaN"):
        predictor.predict(query)
    np.testing.assert_array_equal(predictor.predict(rows[0]), model.predict(rows[0]))


@pytest.mark.parametrize(
    "steps",
    [
        (StandardScaler(), HistGradientBoostingClassifier(max_iter=3)),
        (StandardScaler(), SimpleImputer(), LogisticRegression()),
        (StandardScaler(), ColumnTransformer([("fill", SimpleImputer(), [1]), ("rest", MinMaxScaler(), [0, 2])])),
        (FeatureUnion([("scaled", StandardScaler())], transformer_weights={"scaled": 2.0}), SimpleImputer()),
        (FunctionTransformer(np.log1p), RandomForestClassifier(3, random_state=0)),
    ],
    ids=["trees", "imputer", "imputer-of-one", "weighted", "computed"],
)
def test_steps_that_take_missing_values_are_given_them(rows, steps):
    model, predictor = fitted(rows, *steps)
    method = "predict" if hasattr(model, "predict") else "transform"
    query = with_cell(rows[0], np.nan)
    np.testing.assert_allclose(getattr(predictor, method)(query), getattr(model, method)(query), rtol=1e-12)


@pytest.mark.parametrize(
    "steps",
    [
        (ColumnTransformer([("scaled", StandardScaler(), [1])], remainder="passthrough"), LogisticRegression()),
        (
            FeatureUnion(
                [("scaled", StandardScaler()), ("power", PowerTransformer())], transformer_weights={"power": 2}
            ),
            LogisticRegression(max_iter=1000),
        ),
        (
            StandardScaler(),
            StackingClassifier([("trees", HistGradientBoostingClassifier(max_iter=3))], passthrough=True, cv=2),
        ),
    ],
    ids=["column-transformer", "union", "stack"],
)
def test_missing_cells_are_followed_through_side_by_side_steps(rows, steps):
    model, predictor = fitted(rows, *steps)
    query = with_cell(rows[0], np.nan)
    for answer in (model.predict, predictor.predict):
        with pytest.raises(ValueError, match="NaN"):
            answer(query)


@pytest.mark.parametrize(
    ("last", "value"),
    [
        (LogisticRegression(), 0.0),
        (LogisticRegression(), -1.0),
        (AdaBoostClassifier(n_estimators=2), -1.0),
        (SelectKBest(k=2), -1.0),
        (StandardScaler(), 0.0),
    ],
    ids=lambda each: type(each).__name__ if hasattr(each, "fit") else str(each),
)
@pytest.mark.filterwarnings("ignore:.*encountered in log:RuntimeWarning")
def test_a_function_outside_of_its_domain(rows, last, value):
    model, module = outside(rows, last)
    method = "predict" if hasattr(model, "predict") else "transform"
    query = with_cell(rows[0] + 0.5, value)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        getattr(model, method)(query)
    with pytest.raises(ValueError, match="an earlier step gives NaN or infinity"):
        getattr(sk2torch.Predictor(module), method)(query)
    with pytest.raises(torch.jit.Error, match="an earlier step gives NaN or infinity"):
        getattr(torch.jit.script(module), method)(torch.from_numpy(query))


def test_unknown_categories_that_become_nan():
    X = np.array([["a"], ["b"], ["a"], ["b"]], dtype=object)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    model, predictor = fitted((X, [0, 1, 0, 1]), encoder, StandardScaler(), LogisticRegression())
    unknown = np.array([["a"], ["c"]], dtype=object)
    for answer in (model.predict, predictor.predict):
        with pytest.raises(ValueError, match="NaN"):
            answer(unknown)
    np.testing.assert_array_equal(predictor.predict(X), model.predict(X))


def test_graphs_refuse_what_they_compute(rows):
    _, module = outside(rows, LogisticRegression())
    inside, beyond = (torch.from_numpy(with_cell(rows[0] + 0.5, value)) for value in (1.0, -1.0))
    program = torch.export.export(sk2torch.method_module(module, "predict"), (inside,)).module()
    assert torch.equal(program(inside), module.predict(inside))
    with pytest.raises((IndexError, RuntimeError), match=r"out of range|out of bounds"):
        program(beyond)
