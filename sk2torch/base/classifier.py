"""The role of classifiers."""

from typing import Any

import numpy as np

from sk2torch.base.labels import ClassLabels
from sk2torch.base.module import TorchEstimator


class TorchClassifier(TorchEstimator):
    """Role of single-output classifiers: class indices become labels.

    Args:
        n_features_in: width of the input.
        classes: the fitted ``classes_``, shape ``(n_classes,)``.
    """

    def __init__(self, n_features_in: int, classes: Any) -> None:
        super().__init__(n_features_in)
        self.labels = ClassLabels(classes)

    @property
    def classes_(self) -> np.ndarray:
        """The original labels; decodes the indices that non-numeric labels come out as."""
        return self.labels.classes_
