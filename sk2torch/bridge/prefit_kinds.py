"""Estimators around fitted models, by what the model is."""

import copy
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, OutlierMixin, RegressorMixin, TransformerMixin
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from sk2torch.base import METHODS
from sk2torch.bridge.prefit import PrefitModel


class PrefitClassifier(ClassifierMixin, PrefitModel):
    """A fitted classifier.

    Ensembles such as ``VotingClassifier`` hand their members indices of labels in place of the labels: if ``fit`` is
    given all of 0, 1, …, n_classes - 1 and these are not the model's labels, answers are indices, too.
    """

    kind = "classifier"

    @property
    def classes_(self) -> Any:
        """The labels, as the fitted estimator's; indices if ``fit`` was given these."""
        classes = self._answers().classes
        return np.arange(len(classes)) if getattr(self, "_speaks_indices", False) else copy.deepcopy(classes)

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "PrefitClassifier":
        """Check that the model fits the data and knows the labels.

        Raises:
            ValueError: another number of features, or labels that are none of the model's.
        """
        super().fit(X, y, sample_weight)
        classes = self._answers().classes
        if y is None or isinstance(classes, list):
            return self
        labels = column_or_1d(check_array(y, ensure_2d=False, dtype=None, input_name="y"), warn=True)
        check_classification_targets(labels)
        found = np.unique(labels)
        strange = [label for label in found.tolist() if label not in set(classes.tolist())]
        self._speaks_indices = bool(strange) and np.array_equal(found, np.arange(len(classes)))
        if strange and not self._speaks_indices:
            raise ValueError(f"y has labels that the fitted model does not know: {strange[:5]}; it has {classes}.")
        return self

    def _answer(self, method: str, X: Any, arguments: dict[str, Any]) -> Any:
        result = super()._answer(method, X, arguments)
        if METHODS[method].kind != "labels" or not getattr(self, "_speaks_indices", False):
            return result
        classes = self._answers().classes
        order = np.argsort(classes)
        return order[np.searchsorted(classes, result, sorter=order)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # It does not learn from the data that its score is computed on.
        tags.classifier_tags.poor_score = True
        return tags


class PrefitRegressor(RegressorMixin, PrefitModel):
    """A fitted regressor."""

    kind = "regressor"

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "PrefitRegressor":
        """Check that the model fits the data."""
        super().fit(X, y, sample_weight)
        if y is not None:
            numbers = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
            if numbers.ndim == 2 and numbers.shape[1] == 1:
                column_or_1d(y, warn=True)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # It does not learn from the data that its score is computed on.
        tags.regressor_tags.poor_score = True
        return tags


class PrefitTransformer(TransformerMixin, PrefitModel):
    """A fitted transformer."""

    kind = "transformer"

    def transform(self, X: Any) -> Any:
        """``transform`` of the model, in its dtype."""
        return self._answer("transform", X, {})

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = [self._answers().dtype]
        return tags


class PrefitOutlierDetector(OutlierMixin, PrefitModel):
    """A fitted detector of outliers: ``predict`` gives 1, and -1 for outliers."""

    kind = "outlier_detector"


class PrefitClusterer(PrefitModel):
    """A fitted clustering: ``predict`` gives the number of a cluster."""

    kind = "clusterer"


class PrefitDensityEstimator(PrefitModel):
    """A fitted density: ``score_samples`` gives its logarithm."""

    kind = "density_estimator"
