"""scikit-learn itself."""

import pickle
from typing import Any

from .interface import Converted, NotOffered, Question, sklearn_call


def as_fitted(question: Question) -> Converted:
    """As it was fitted: most ensembles and neighbours then use one thread."""
    size = len(pickle.dumps(question.estimator))
    return Converted({m: sklearn_call(question.estimator, m) for m in question.methods}, size)


def with_threads(question: Question) -> Converted:
    """With ``n_jobs`` set on every part that has it and uses it to predict."""
    names = [name for name, value in question.estimator.get_params().items() if name.split("__")[-1] == "n_jobs"]
    users = ("Forest", "Trees", "Neighbors")
    if not names or not any(word in type(part).__name__ for part in _parts(question.estimator) for word in users):
        raise NotOffered("has no n_jobs that prediction uses")
    question.estimator.set_params(**dict.fromkeys(names, question.threads))
    return as_fitted(question)


def _parts(estimator: Any) -> list[Any]:
    return [estimator, *(part for _, part in getattr(estimator, "steps", []))]
