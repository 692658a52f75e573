"""treelite's General Tree Inference Library."""

from typing import Any

import numpy as np

from .interface import Call, Converted, NotOffered, Question, require_numbers


def _calls(estimator: Any, raw: Call) -> dict[str, Call]:
    """scikit-learn's methods out of treelite's outputs, shape (n, n_targets, n_classes)."""
    name = type(estimator).__name__
    if name == "IsolationForest":
        # treelite gives the anomaly score of the paper, scikit-learn its negative.
        scores = lambda X: -raw(X).reshape(len(X)) - estimator.offset_  # noqa: E731
        return {"decision_function": scores, "predict": lambda X: np.where(scores(X) < 0, -1, 1)}
    if not hasattr(estimator, "classes_"):
        return {"predict": lambda X: raw(X).reshape(len(X))}

    def probabilities(X: Any) -> np.ndarray:
        p = raw(X).reshape(len(X), -1)
        return p if p.shape[1] > 1 else np.column_stack([1 - p, p])

    return {
        "predict_proba": probabilities,
        "predict": lambda X: estimator.classes_[probabilities(X).argmax(axis=1)],
    }


def gtil(question: Question) -> Converted:
    """The whole model in GTIL, in the dtype of its input."""
    require_numbers(question.X)
    import treelite

    if not any(word in type(question.estimator).__name__ for word in ("Forest", "Trees", "Boosting")):
        raise NotOffered("takes models of trees only")
    model = treelite.sklearn.import_model(question.estimator)
    calls = _calls(question.estimator, lambda X: treelite.gtil.predict(model, X, nthread=question.threads))
    return Converted(
        {m: calls[m] for m in question.methods if m in calls}, len(model.serialize_bytes()), note="float64"
    )
