"""Isotonic regression: kinds of input, values beyond the fit, refusals."""

import numpy as np
import pytest
import torch
from sklearn.isotonic import IsotonicRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sk2torch
from tests.cases.isotonic import column, curve


def test_a_vector_and_a_column_have_one_answer():
    x, y = curve()
    estimator = IsotonicRegression().fit(x, y)
    model = sk2torch.wrap(estimator)
    expected = torch.from_numpy(estimator.predict(x))
    for shape in ((-1,), (-1, 1)):
        torch.testing.assert_close(model.predict(torch.from_numpy(x).reshape(shape)).detach(), expected)
    predictor = sk2torch.Predictor(model)
    for table in (x, x.reshape(-1, 1), x.tolist()):
        np.testing.assert_allclose(predictor.transform(table), estimator.transform(table), rtol=1e-12)


def test_a_column_of_a_table():
    pd = pytest.importorskip("pandas")
    x, y = curve()
    frame = pd.DataFrame({"value": x})
    estimator = IsotonicRegression().fit(frame, y)
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    np.testing.assert_allclose(predictor.predict(frame), estimator.predict(frame), rtol=1e-12)


@pytest.mark.parametrize("shape", [(3, 2), (3, 1, 1), ()])
def test_other_shapes_raise(shape):
    x, y = curve()
    model = sk2torch.wrap(IsotonicRegression().fit(x, y))
    with pytest.raises(ValueError, match="shape"):
        model.predict(torch.zeros(shape, dtype=torch.float64))


def test_at_the_end_of_a_pipeline(tmp_path):
    X, y = column()
    for pipeline in (
        make_pipeline(StandardScaler(), IsotonicRegression(out_of_bounds="clip")).fit(X, y),
        make_pipeline(IsotonicRegression()).fit(X, y),
    ):
        model = sk2torch.wrap(pipeline)
        path = sk2torch.export(model, tmp_path / "model.pt2")
        for predictor in (sk2torch.Predictor(model), sk2torch.Predictor(path)):
            np.testing.assert_allclose(predictor.predict(X), pipeline.predict(X), rtol=1e-12)
            np.testing.assert_allclose(predictor.transform(X), pipeline.transform(X), rtol=1e-12)


@pytest.mark.parametrize("value", [-50.0, 50.0])
def test_values_beyond_the_fit_raise_where_scikit_learn_does(value):
    x, y = curve()
    estimator = IsotonicRegression(out_of_bounds="raise").fit(x, y)
    model = sk2torch.wrap(estimator)
    wrong = torch.tensor([0.0, value], dtype=torch.float64)
    with pytest.raises(ValueError, match="interpolation range"):
        estimator.predict(wrong.numpy())
    for callable_model in (model, torch.jit.script(model)):
        with pytest.raises(Exception, match="out_of_bounds='clip' or 'nan'"):
            callable_model.predict(wrong)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_and_infinite_values_are_refused(value):
    x, y = curve()
    estimator = IsotonicRegression(out_of_bounds="clip").fit(x, y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        estimator.predict([0.0, value])
    with pytest.raises(sk2torch.InputError, match="contains"):
        sk2torch.Predictor(sk2torch.wrap(estimator)).predict([0.0, value])


def test_infinite_values_are_refused_at_conversion():
    estimator = IsotonicRegression(y_min=np.inf).fit([0.0, 1.0, 2.0], [0.0, 1.0, 2.0])
    with pytest.raises(sk2torch.UnsupportedParameter, match="set y_min and y_max"):
        sk2torch.wrap(estimator)


def test_a_fit_in_single_precision_answers_in_single_precision():
    generator = np.random.default_rng(1)
    x = generator.normal(size=300).astype(np.float32)
    y = (1e3 * x + generator.normal(size=300)).astype(np.float32)
    estimator = IsotonicRegression(out_of_bounds="clip").fit(x, y)
    query = generator.normal(size=1000)
    actual = sk2torch.wrap(estimator).predict(torch.from_numpy(query))
    np.testing.assert_array_equal(actual.detach().numpy(), estimator.predict(query))
