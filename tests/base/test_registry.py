"""Which estimators convert: registering one's own, and what is refused."""

import importlib
import subprocess
import sys
from typing import Any, Self

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

import sk2torch
from sk2torch.base import Column, TorchEstimator, registry
from tests.cases import data


class Halver(TransformerMixin, BaseEstimator):
    """A user's own transformer."""

    def fit(self, X: Any, y: Any = None) -> Self:
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> np.ndarray:
        return np.asarray(X) / 2


class Quarterer(Halver):
    """Changes an answer of the class that it extends."""

    def transform(self, X: Any) -> np.ndarray:
        return super().transform(X) / 2


class Unknown(BaseEstimator):
    """A class that nobody has registered."""

    def fit(self, X: Any, y: Any = None) -> Self:
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> Any:
        return X[:, 0]


class CarefulLogisticRegression(LogisticRegression):
    """A user's subclass of a supported class."""


@pytest.fixture
def halver_is_registered():
    name = f"{__name__}.Halver"

    @sk2torch.register(name)
    class TorchHalver(TorchEstimator):
        @classmethod
        def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
            return cls(estimator.n_features_in_)

        def transform(self, x: Tensor) -> Tensor:
            return self.prepare(x) / 2

    yield TorchHalver
    del registry()[name]


def test_own_class(halver_is_registered):
    X, y = data.binary_words()
    model = sk2torch.wrap(Halver().fit(X))
    assert isinstance(model, halver_is_registered)
    pipeline = make_pipeline(Halver(), StandardScaler(), LogisticRegression()).fit(X, y)
    model = sk2torch.wrap(pipeline)
    np.testing.assert_allclose(model.predict_proba(torch.from_numpy(X)).detach(), pipeline.predict_proba(X), atol=1e-12)
    assert sk2torch.Predictor(model).predict(X).tolist() == pipeline.predict(X).tolist()


def test_own_class_is_not_among_scikit_learns(halver_is_registered):
    assert Halver not in sk2torch.supported_classes()


def test_later_registration_wins(halver_is_registered):
    @sk2torch.register(f"{__name__}.Halver")
    class Other(halver_is_registered):
        pass

    X, _ = data.binary()
    assert isinstance(sk2torch.wrap(Halver().fit(X)), Other)


def test_class_that_is_not_registered():
    X, y = data.binary()
    with pytest.raises(
        sk2torch.UnsupportedEstimator, match=r"tests\.base\.test_registry\.Unknown: no converter"
    ) as info:
        sk2torch.wrap(Unknown().fit(X, y))
    assert f"@sk2torch.register('{__name__}.Unknown')" in str(info.value)
    assert "supported_classes" in str(info.value)
    assert "extends" not in str(info.value)
    assert isinstance(info.value, (sk2torch.Sk2TorchError, TypeError))


def test_subclass_of_a_supported_class(halver_is_registered):
    X, y = data.binary()
    hint = r"extends sklearn\.linear_model\.LogisticRegression, but an overridden method could change the answer"
    with pytest.raises(sk2torch.UnsupportedEstimator, match=hint):
        sk2torch.wrap(CarefulLogisticRegression().fit(X, y))
    with pytest.raises(sk2torch.UnsupportedEstimator, match=r"extends tests\.base\.test_registry\.Halver"):
        sk2torch.wrap(Quarterer().fit(X))


def test_class_that_is_not_registered_inside_of_a_pipeline():
    X, y = data.binary()
    pipeline = make_pipeline(Halver(), LogisticRegression()).fit(X, y)
    with pytest.raises(sk2torch.UnsupportedEstimator, match="Halver"):
        sk2torch.wrap(pipeline)


def test_namesake_of_a_supported_class():
    namesake = type("StandardScaler", (Halver,), {})
    X, _ = data.binary()
    with pytest.raises(sk2torch.UnsupportedEstimator, match="no converter"):
        sk2torch.wrap(namesake().fit(X))


@pytest.mark.parametrize("thing", [None, 3, "StandardScaler", torch.nn.Linear(2, 2)])
def test_things_that_are_not_estimators(thing):
    with pytest.raises(sk2torch.UnsupportedEstimator, match="no converter"):
        sk2torch.wrap(thing)


def test_class_instead_of_an_instance():
    with pytest.raises(sk2torch.UnsupportedEstimator, match="got the class StandardScaler; fit an instance"):
        sk2torch.wrap(StandardScaler)


def test_unfitted():
    with pytest.raises(NotFittedError):
        sk2torch.wrap(StandardScaler())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64])
def test_dtype(dtype):
    X, _ = data.binary()
    with pytest.raises(sk2torch.UnsupportedParameter, match=r"torch\.float64 or torch\.float32"):
        sk2torch.wrap(StandardScaler().fit(X), dtype=dtype)


def test_half_precision_is_a_conversion_of_the_module():
    X, _ = data.binary()
    model = sk2torch.wrap(StandardScaler().fit(X)).to(torch.bfloat16)
    assert model.transform(torch.from_numpy(X)).dtype == torch.bfloat16


def test_wrapped_model_is_in_eval_mode_and_on_the_device():
    X, _ = data.binary()
    model = sk2torch.wrap(StandardScaler().fit(X), device="meta")
    assert not model.training
    assert {p.device.type for p in model.parameters()} == {"meta"}


def test_supported_classes():
    classes = sk2torch.supported_classes()
    assert len(classes) > 5
    assert [c.__name__ for c in classes] == sorted(c.__name__ for c in classes)
    assert len(set(classes)) == len(classes)
    assert all(c.__module__.startswith("sklearn.") for c in classes)


def test_supported_classes_without_enabling_experimental_ones():
    names = "[cls.__name__ for cls in sk2torch.supported_classes()]"
    code = f"import sk2torch; assert {{'IterativeImputer', 'HalvingGridSearchCV'}} <= set({names})"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_registered_names_are_importable_where_the_version_has_them():
    for name in registry():
        path, _, attribute = name.rpartition(".")
        if path.startswith("sklearn"):
            assert hasattr(importlib.import_module(path), attribute), f"{name} is not in this scikit-learn"


def test_refused_class_says_what_to_do():
    from sklearn.feature_extraction.image import PatchExtractor

    with pytest.raises(sk2torch.UnsupportedEstimator, match="unfold"):
        sk2torch.wrap(PatchExtractor())


def test_estimator_without_an_answer_for_new_data():
    from sklearn.cluster import DBSCAN

    with pytest.raises(sk2torch.UnsupportedEstimator, match="no method that answers for new data"):
        sk2torch.wrap(DBSCAN().fit([[0.0], [1.0]]))
