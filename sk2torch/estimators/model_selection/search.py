"""GridSearchCV, RandomizedSearchCV and their successive halving."""

from typing import Any

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, register, wrap_child


@register(
    "sklearn.model_selection.GridSearchCV",
    "sklearn.model_selection.HalvingGridSearchCV",
    "sklearn.model_selection.HalvingRandomSearchCV",
    "sklearn.model_selection.RandomizedSearchCV",
)
class TorchSearch(TorchEstimator):
    """Becomes its ``best_estimator_``: the search itself leaves nothing to compute."""

    routes_columns = True

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        if not hasattr(estimator, "best_estimator_"):
            raise UnsupportedParameter(
                f"{type(estimator).__name__}: refit={estimator.refit!r} leaves no fitted model; fit with refit=True, "
                "or fit an estimator with best_params_ and wrap that."
            )
        return wrap_child(estimator.best_estimator_, columns)
