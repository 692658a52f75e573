"""Inference methods of estimators over torch: those that the model has, and no others."""

from typing import Any

from sklearn.utils.metaestimators import available_if


def _answered(name: str) -> Any:
    """The method ``name``, present where the model has it."""

    def has(self: "Answering") -> bool:
        if name not in self._methods():
            raise AttributeError(f"this model has no {name!r}; it has {', '.join(self._methods())}.")
        return True

    def method(self: "Answering", X: Any, **arguments: Any) -> Any:
        return self._answer(name, X, arguments)

    method.__name__, method.__qualname__ = name, f"Answering.{name}"
    method.__doc__ = f"``{name}`` of the model: a result of its own memory, as scikit-learn's method would return it."
    return available_if(has)(method)


class Answering:
    """Mixin of estimators whose answers are those of a model of torch."""

    predict = _answered("predict")
    predict_proba = _answered("predict_proba")
    predict_log_proba = _answered("predict_log_proba")
    decision_function = _answered("decision_function")
    score_samples = _answered("score_samples")
    transform = _answered("transform")
    inverse_transform = _answered("inverse_transform")
    apply = _answered("apply")
    decision_path = _answered("decision_path")
    mahalanobis = _answered("mahalanobis")
    kneighbors = _answered("kneighbors")
    kneighbors_graph = _answered("kneighbors_graph")
    radius_neighbors = _answered("radius_neighbors")
    radius_neighbors_graph = _answered("radius_neighbors_graph")

    def _methods(self) -> list[str]:
        """Names of the methods that the model has."""
        raise NotImplementedError

    def _answer(self, method: str, X: Any, arguments: dict[str, Any]) -> Any:
        """What the model answers."""
        raise NotImplementedError
