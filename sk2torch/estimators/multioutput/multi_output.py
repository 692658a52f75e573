"""MultiOutputClassifier and MultiOutputRegressor."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import ANY_WIDTH, Column, TorchEstimator, UnsupportedParameter, register, wrap_child


@register("sklearn.multioutput.MultiOutputClassifier")
class TorchMultiOutputClassifier(TorchEstimator):
    """One classifier per output; labels side by side, probabilities as a list of tables.

    Args:
        n_features_in: width of the input.
        members: one per output.
        classes: the classes of each.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, members: list[TorchEstimator], classes: list[Any]) -> None:
        super().__init__(n_features_in)
        self.members = nn.ModuleList(members)
        self.classes = [np.array(values) for values in classes]

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        members = [wrap_child(member, columns) for member in estimator.estimators_]
        return cls(len(columns) or ANY_WIDTH, members, [member.classes_ for member in estimator.estimators_])

    @property
    def classes_(self) -> list[np.ndarray]:
        """The original labels of each output."""
        return self.classes

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        return torch.stack([member.predict(x) for member in self.members], dim=1)

    def predict_proba(self, x: Tensor) -> list[Tensor]:
        x = self.prepare(x)
        return [member.predict_proba(x) for member in self.members]


@register("sklearn.multioutput.MultiOutputRegressor")
class TorchMultiOutputRegressor(TorchEstimator):
    """One regressor per output; predictions of shape ``(n_samples, n_outputs)``.

    Args:
        n_features_in: width of the input.
        members: one per output.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, members: list[TorchEstimator]) -> None:
        super().__init__(n_features_in)
        self.members = nn.ModuleList(members)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        if any(hasattr(member, "classes_") for member in estimator.estimators_):
            raise UnsupportedParameter(
                "MultiOutputRegressor: expected regressors, got classifiers; use a MultiOutputClassifier."
            )
        members = [wrap_child(member, columns) for member in estimator.estimators_]
        return cls(len(columns) or ANY_WIDTH, members)

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        return torch.stack([member.predict(x).to(x.dtype) for member in self.members], dim=1)
