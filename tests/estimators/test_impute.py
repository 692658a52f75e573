"""KNNImputer, IterativeImputer and MissingIndicator: refusals, ties, rows without values, gradients."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import BayesianRidge, Ridge
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor

import sk2torch
from tests import checks
from tests.cases import data, impute

NAN = np.nan

# Few rounds, and a column without values.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Skipping features without any observed values:UserWarning"),
]


def transformed(estimator, X, **options):
    """Of the wrapped estimator."""
    return sk2torch.Predictor(sk2torch.wrap(estimator), **options).transform(X)


@pytest.mark.parametrize(
    "parameters", [{"weights": np.ones_like}, {"metric": lambda x, y, missing_values: 1.0}], ids=["weights", "metric"]
)
def test_functions_are_refused(parameters):
    X = data.missing_binary()[0]
    with pytest.raises(sk2torch.UnsupportedParameter, match="pass one of these names"):
        sk2torch.wrap(KNNImputer(**parameters).fit(X))


def test_random_imputations_are_refused():
    X = data.missing_binary()[0]
    estimator = IterativeImputer(sample_posterior=True, max_iter=1, random_state=0).fit(X)
    with pytest.raises(sk2torch.UnsupportedParameter, match="sample_posterior=False"):
        sk2torch.wrap(estimator)
    estimator = IterativeImputer(sample_posterior=True, max_iter=0).fit(X)
    np.testing.assert_allclose(transformed(estimator, X), estimator.transform(X), rtol=1e-12)


def test_unsupported_models_of_columns_are_refused():
    class Odd(Ridge):
        def predict(self, X):
            return super().predict(X) ** 2

    with pytest.raises(sk2torch.UnsupportedEstimator, match="Odd"):
        sk2torch.wrap(IterativeImputer(Odd(), max_iter=1).fit(data.missing_binary()[0]))


def test_indicator_of_an_imputer_is_refused():
    imputer = SimpleImputer(add_indicator=True).fit(data.missing_binary()[0])
    with pytest.raises(sk2torch.UnsupportedParameter, match="wrap the imputer"):
        sk2torch.wrap(imputer.indicator_)


def test_pandas_na_is_refused_by_the_indicator():
    with pytest.raises(sk2torch.UnsupportedParameter, match=r"numpy\.nan"):
        sk2torch.wrap(MissingIndicator(missing_values=pd.NA).fit(np.eye(2)))


def test_missing_values_in_another_column_are_an_error():
    X = data.missing_binary()[0].copy()
    X[:, 2] = 1.0
    estimator = MissingIndicator().fit(X)
    X[4, 2] = NAN
    with pytest.raises(ValueError, match="no missing values in fit"):
        estimator.transform(X)
    with pytest.raises(ValueError, match="error_on_new=False"):
        transformed(estimator, X)
    estimator = MissingIndicator(error_on_new=False).fit(data.binary()[0])
    assert transformed(estimator, X).shape == (len(X), 0)


@pytest.mark.parametrize("make", [SimpleImputer, KNNImputer, IterativeImputer, MissingIndicator])
def test_nan_is_refused_beside_another_marker(make):
    X = impute.codes()[0].copy()
    estimator = make(missing_values=-1).fit(X)
    X[0, 0] = NAN
    with pytest.raises(ValueError, match="NaN"):
        estimator.transform(X)
    with pytest.raises(sk2torch.InputError, match="contains NaN"):
        transformed(estimator, X)


@pytest.mark.parametrize("marker", ["?", None, -1])
@pytest.mark.parametrize("kind", ["numbers", "words"])
def test_nan_is_refused_beside_another_marker_among_objects(marker, kind, tmp_path):
    values = {"numbers": [1.5, 2.5, marker, 1.5], "words": ["a", "b", marker, "a"]}[kind]
    X = pd.DataFrame({"x": values, "y": [0, 1, 0, marker]}, dtype=object)
    pipeline = make_pipeline(
        SimpleImputer(missing_values=marker, strategy="most_frequent"), OneHotEncoder(sparse_output=False)
    ).fit(X)
    artifact = sk2torch.export(sk2torch.wrap(pipeline), tmp_path / "imputer.safetensors")
    tables = [X.assign(y=1.0), X.assign(y=NAN), X.assign(x=pd.Series([values[0], NAN, marker, NAN], dtype=object))]
    for predictor in sk2torch.Predictor(sk2torch.wrap(pipeline)), sk2torch.Predictor(artifact):
        np.testing.assert_array_equal(predictor.transform(X), pipeline.transform(X))
        np.testing.assert_array_equal(predictor.transform(tables[0]), pipeline.transform(tables[0]))
        for table in tables[1:]:
            with pytest.raises(ValueError, match="NaN"):
                pipeline.transform(table)
            with pytest.raises(sk2torch.InputError, match="missing_values"):
                predictor.transform(table)


def test_a_second_imputer_may_look_for_another_marker():
    X = pd.DataFrame({"x": ["a", NAN, "?", "a"]}, dtype=object)
    pipeline = make_pipeline(
        SimpleImputer(strategy="most_frequent"), SimpleImputer(missing_values="?", strategy="most_frequent")
    ).fit(X)
    np.testing.assert_array_equal(transformed(pipeline, X), pipeline.transform(X))


def test_nan_that_a_step_makes_is_refused_before_another_marker():
    X = pd.DataFrame({"x": ["a", "?", "a"], "y": [1.0, 2.0, 3.0]})
    step = make_column_transformer((FunctionTransformer(np.log), ["y"]), remainder="passthrough")
    pipeline = make_pipeline(step, SimpleImputer(missing_values="?", strategy="most_frequent")).fit(X)
    with pytest.raises(sk2torch.UnsupportedParameter, match="impute before"):
        sk2torch.wrap(pipeline)
    scaled = make_column_transformer((StandardScaler(), ["y"]), remainder="passthrough")
    pipeline = make_pipeline(scaled, SimpleImputer(missing_values="?", strategy="most_frequent")).fit(X)
    np.testing.assert_array_equal(transformed(pipeline, X), pipeline.transform(X))
    with pytest.raises(sk2torch.InputError, match="NaN"):
        transformed(pipeline, X.assign(y=[1.0, NAN, 2.0]))


def test_none_is_no_missing_number_for_the_indicator():
    X = np.array([[1.0, NAN], [2.0, 3.0]], dtype=object)
    estimator = MissingIndicator().fit(X)
    np.testing.assert_array_equal(transformed(estimator, X), estimator.transform(X))
    X[1, 1] = None
    assert not estimator.transform(X)[1, 0]
    with pytest.raises(sk2torch.InputError, match="None"):
        transformed(estimator, X)


def test_indicator_beside_a_step_that_reads_words():
    X = impute.words()[0]
    for union in (
        make_union(SimpleImputer(strategy="most_frequent"), MissingIndicator()),
        make_union(MissingIndicator(), SimpleImputer(strategy="most_frequent")),
    ):
        union.fit(X)
        checks.assert_same(transformed(union, X), union.transform(X), "transform", 0.0)


def test_indicator_of_a_number_in_a_column_of_words_and_numbers():
    X = np.array([["a", -1], ["b", 7], [-1, 3], ["a", 3]], dtype=object)
    imputer = SimpleImputer(strategy="most_frequent", missing_values=-1)
    union = make_union(imputer, MissingIndicator(missing_values=-1)).fit(X)
    checks.assert_same(transformed(union, X), union.transform(X), "transform", 0.0)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_of_equally_near_donors_the_first_count(weights):
    X = np.array([[0.0, 1.0], [2.0, 10.0], [0.0, 100.0], [2.0, 1000.0]])
    estimator = KNNImputer(n_neighbors=3, weights=weights).fit(X)
    np.testing.assert_allclose(transformed(estimator, [[1.0, NAN]]), [[1.0, 37.0]], rtol=1e-14)


def test_donors_at_distance_zero_count_alone():
    # Whole numbers, whose distances scikit-learn computes without rounding.
    X = np.array([[3.0, 4.0, 1.0], [3.0, 4.0, 2.0], [3.0, 5.0, 50.0], [0.0, 4.0, 90.0]])
    estimator = KNNImputer(n_neighbors=3, weights="distance").fit(X)
    query = np.array([[3.0, 4.0, NAN], [3.0, NAN, NAN]])
    expected = estimator.transform(query)
    assert expected[0, 2] == 1.5
    np.testing.assert_allclose(transformed(estimator, query), expected, rtol=1e-14)


def test_a_stored_row_with_a_hole_gets_its_own_value_back():
    X = data.binary()[0] * 1e3
    estimator = KNNImputer(n_neighbors=4, weights="distance").fit(X)
    query = X[:5].copy()
    query[:, 2] = NAN
    # scikit-learn's distances to the row itself are the rounding of a matrix product.
    np.testing.assert_allclose(transformed(estimator, query), X[:5], rtol=1e-13)
    np.testing.assert_allclose(estimator.transform(query), X[:5], rtol=1e-4)


def test_rows_that_share_no_feature_with_any_donor_get_the_mean():
    X = np.array([[1.0, NAN, NAN], [NAN, 2.0, 4.0], [NAN, 3.0, 5.0], [7.0, NAN, NAN]], dtype=np.float32) / 3
    estimator = KNNImputer(n_neighbors=1).fit(X)
    query = np.array([[NAN, NAN, NAN], [0.5, NAN, NAN], [NAN, 0.5, NAN], [NAN, NAN, 1.5]])
    np.testing.assert_array_equal(transformed(estimator, query), estimator.transform(query))


def test_rows_are_imputed_in_blocks():
    estimator = sk2torch.wrap(KNNImputer(n_neighbors=3).fit(impute.stored()[0]))
    x = torch.from_numpy(impute.unlike(impute.stored()[0]))
    whole = estimator.transform(x)
    estimator.donors.rows_at_a_time = 7
    torch.testing.assert_close(estimator.transform(x), whole, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    "estimator",
    [
        KNNImputer(n_neighbors=3, weights="distance"),
        IterativeImputer(BayesianRidge(), max_iter=3),
        IterativeImputer(max_iter=2, min_value=-0.1, max_value=0.1),
    ],
    ids=["knn", "iterative", "iterative-limits"],
)
def test_gradients_of_imputed_values(estimator):
    X = impute.related()[0]
    model = sk2torch.wrap(estimator.fit(X))
    incomplete = torch.from_numpy(X[np.isnan(X).any(axis=1) & ~np.isnan(X).all(axis=1)][:4] + 0.01)
    known = ~incomplete.isnan()

    def of_known(values):
        return model.transform(torch.full_like(incomplete, NAN).masked_scatter(known, values))

    assert torch.autograd.gradcheck(of_known, (incomplete[known].clone().requires_grad_(),))


def test_uniform_weights_have_no_slope():
    X = impute.related()[0]
    model = sk2torch.wrap(KNNImputer(n_neighbors=3).fit(X))
    x = torch.tensor([[0.3, NAN, 0.1, 0.2]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(model.transform(x)[0, 1], x)
    assert not slope.any()


@pytest.mark.parametrize("model", [BayesianRidge(), DecisionTreeRegressor(max_depth=2, random_state=0)])
def test_an_input_without_any_value_gets_the_initial_imputation(model):
    X = impute.related()[0]
    estimator = IterativeImputer(model, max_iter=2, random_state=0).fit(X)
    alone = np.full((1, 4), NAN)
    among = np.concatenate([X[:3], alone])
    assert not np.allclose(estimator.transform(alone)[0], estimator.transform(among)[3])
    for query in (alone, among):
        np.testing.assert_allclose(transformed(estimator, query, batch_size=1), estimator.transform(query), rtol=1e-10)


def test_steps_are_one_table_only_if_affine():
    X = impute.related()[0]
    affine = sk2torch.wrap(IterativeImputer(Ridge(), max_iter=1).fit(X))
    other = sk2torch.wrap(IterativeImputer(DecisionTreeRegressor(max_depth=1), max_iter=1).fit(X))
    assert type(affine.steps).__name__ == "AffineSteps"
    assert type(other.steps).__name__ == "ModelSteps"


def test_values_of_a_column_that_was_empty_when_fitted():
    X, _ = impute.related_empty()
    for keep in (False, True):
        for make in (lambda **k: IterativeImputer(max_iter=2, **k), KNNImputer):
            estimator = make(keep_empty_features=keep).fit(X)
            query = impute.refilled(X)
            np.testing.assert_allclose(transformed(estimator, query), estimator.transform(query), rtol=1e-10)
