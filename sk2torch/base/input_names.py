"""What a fitted estimator says of its input's columns."""

import itertools
from typing import Any

from sk2torch.base.columns import Column


def input_columns(estimator: Any) -> list[Column] | None:
    """Fresh columns for a fitted estimator's input; None if it does not say how many it has."""
    names = _input_names(estimator)
    return None if names is None else [Column(name, is_whole=is_whole) for name, is_whole in names]


def input_count(estimator: Any) -> int:
    """The number of columns of a fitted estimator's input; 0 if it does not say."""
    return len(_input_names(estimator) or ())


def _input_names(estimator: Any) -> list[tuple[str | None, bool]] | None:
    """The name of each column, if it has one, and whether it is the whole input, a list of documents."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        return [(str(name), False) for name in names]
    if _reads_documents(estimator):
        return [(None, True)]
    # A composite that does not say so itself asks its parts; some never look at their input.
    steps = (step for _, step in getattr(estimator, "steps", ()) if step not in (None, "passthrough"))
    union = (part for _, part in getattr(estimator, "transformer_list", ()) if not isinstance(part, str))
    inner = (getattr(estimator, name, None) for name in ("best_estimator_", "regressor_", "estimator_"))
    calibrated = (part.estimator for part in getattr(estimator, "calibrated_classifiers_", ()))
    parts = [*getattr(estimator, "estimators_", ()), *itertools.islice(steps, 1), *union, *inner, *calibrated]
    asked = (_input_names(part) for part in parts if part is not None and not isinstance(part, str))
    found = next((columns for columns in asked if columns is not None), None)
    count = getattr(estimator, "n_features_in_", None)
    if count is None or (found is not None and len(found) == count):
        return found
    # Parts may see some of the columns only, or more than there are.
    return [(None, False)] * int(count)


def _reads_documents(estimator: Any) -> bool:
    """Whether it is a vectorizer, which takes a list of texts or dictionaries."""
    if not hasattr(estimator, "__sklearn_tags__") or hasattr(estimator, "steps"):
        return False
    # Hashers of pairs say so nowhere else.
    tags = estimator.__sklearn_tags__().input_tags
    return not tags.two_d_array and (tags.string or tags.dict or hasattr(estimator, "input_type"))
