"""Reading what scikit-learn's encoders know about the categories of a column."""

from typing import Any

import numpy as np

from sk2torch.base import Column, UnsupportedParameter

REFUSAL = (
    "found unknown categories; the encoder was fitted with handle_unknown='error'. "
    "Drop these rows, or refit with another handle_unknown."
)


def category_codes(estimator: Any, columns: list[Column]) -> list[list[float]]:
    """How the input tensor shows the categories of each column.

    Raises:
        UnsupportedParameter: categories that are dates.
    """
    codes: list[list[float]] = []
    for column, categories in zip(columns, estimator.categories_, strict=True):
        if categories.dtype.kind in "mM":
            raise UnsupportedParameter(
                f"{type(estimator).__name__}: the categories of column {column.name!r} are dates; "
                "turn dates into numbers or strings before fitting."
            )
        codes.append(column.codes(categories.tolist()))
        column.strict |= getattr(estimator, "handle_unknown", "ignore") == "error"
    return codes


def infrequent_groups(estimator: Any) -> list[list[int] | None]:
    """Per column the number of each category once the infrequent ones share the last; None if there are none.

    A missing category that scikit-learn leaves out of the groups is left out here.
    """
    if not estimator._infrequent_enabled:
        return [None] * len(estimator.categories_)
    return [None if g is None else g.tolist() for g in estimator._default_to_infrequent_mappings]


def check_dtype(estimator: Any, numbers: list[float]) -> np.dtype:
    """The dtype of the encoder's result.

    Raises:
        UnsupportedParameter: it is not numeric, or cannot hold all of ``numbers``.
    """
    dtype = np.dtype(estimator.dtype)
    if dtype.kind in "biuf":
        with np.errstate(invalid="ignore"):
            cast = np.array(numbers).astype(dtype)
        if np.array_equal(cast.astype(np.float64), numbers, equal_nan=True):
            return dtype
    raise UnsupportedParameter(
        f"{type(estimator).__name__}: dtype={estimator.dtype!r} cannot hold all of the results; "
        "use a wider number type."
    )
