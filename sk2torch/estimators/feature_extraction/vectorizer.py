"""CountVectorizer, HashingVectorizer, DictVectorizer and FeatureHasher."""

from typing import Any, Self

import numpy as np
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, register
from sk2torch.base.document_readers import HashedTerms, NamedValues, TermCounts
from sk2torch.base.documents import Documents, checked_dtype
from sk2torch.base.text import TextAnalysis
from sk2torch.functional.sparse import column_range, unit_rows


class Vectorizer(TorchEstimator):
    """Abstract: documents, whose terms ``encode`` has counted in a range of the input's columns.

    Args:
        n_features_in: width of the input.
        start: the first of its columns.
        n_terms: how many there are.
    """

    accepts_sparse = True
    sparse_output = True

    def __init__(self, n_features_in: int, start: int, n_terms: int) -> None:
        super().__init__(n_features_in)
        self.start = start
        self.n_terms = n_terms

    def counts(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_terms)``."""
        x = self.prepare(x)
        return x if self.n_terms == self.n_features_in else column_range(x, self.start, self.start + self.n_terms)


def columns_of_documents(estimator: Any, columns: list[Column], reader: Documents) -> tuple[int, int, int]:
    """Arguments of ``Vectorizer``.

    Raises:
        UnsupportedParameter: the documents are the result of an earlier step.
    """
    if len(columns) != 1 or columns[0].computed:
        raise UnsupportedParameter(
            f"{type(estimator).__name__}: expected documents, got the result of an earlier step; apply that step "
            "before the pipeline, or as the vectorizer's preprocessor."
        )
    start = columns[0].read_documents(reader)
    return columns[0].width, start, reader.width


def term_counts(vectorizer: Any) -> TermCounts:
    """The reader of a vectorizer with a vocabulary."""
    terms = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
    analysis = TextAnalysis.of(vectorizer)
    return TermCounts(len(terms), checked_dtype(vectorizer), analysis, tuple(terms), bool(vectorizer.binary))


@register("sklearn.feature_extraction.text.CountVectorizer", "sklearn.feature_extraction.DictVectorizer")
class TorchVectorizer(Vectorizer):
    """Counts of terms, or values of names.

    The documents are read once, by ``encode``: the tensor has a column for each term. ``inverse_transform`` gives the
    tensor back, which ``Predictor`` turns into terms or dictionaries. Functions among the settings work in memory, but
    in no file.

    Args:
        n_features_in: width of the input.
        start: the first of its columns.
        n_terms: how many there are.
        dense: the result is dense.

    Raises:
        UnsupportedParameter: documents made by an earlier step, or a dtype other than bool, int, float32 and float64.
    """

    def __init__(self, n_features_in: int, start: int, n_terms: int, dense: bool) -> None:
        super().__init__(n_features_in, start, n_terms)
        self.dense = dense

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        if hasattr(estimator, "vocabulary_") and hasattr(estimator, "feature_names_"):
            names = tuple(estimator.feature_names_)
            reader: Documents = NamedValues(len(names), checked_dtype(estimator), names, estimator.separator)
        else:
            reader = term_counts(estimator)
        dense = not getattr(estimator, "sparse", True)
        module = cls(*columns_of_documents(estimator, columns, reader), dense)
        module.sparse_output = not dense
        module.output_dtype = reader.dtype
        return module

    def transform(self, x: Tensor) -> Tensor:
        counts = self.counts(x)
        return counts.to_dense() if self.dense and counts.is_sparse_csr else counts

    def inverse_transform(self, x: Tensor) -> Tensor:
        if x.shape[1] != self.n_terms:
            raise ValueError(f"X has {x.shape[1]} features, but {self.n_terms} are expected.")
        return x.to(self.anchor.dtype)


@register("sklearn.feature_extraction.text.HashingVectorizer", "sklearn.feature_extraction.FeatureHasher")
class TorchHasher(Vectorizer):
    """Counts of terms by their hashes (MurmurHash3), divided by the norm of the row.

    The documents are read once, by ``encode``, signs of the hashes included.

    Args:
        n_features_in: width of the input.
        start: the first of its columns.
        n_terms: how many there are.
        norm: ``"l1"``, ``"l2"``, or None to leave the rows as they are.

    Raises:
        UnsupportedParameter: documents made by an earlier step, ``alternate_sign`` with a dtype without negative
            numbers, or a dtype other than bool, int, float32 and float64.
    """

    needs_fit = False

    def __init__(self, n_features_in: int, start: int, n_terms: int, norm: str | None) -> None:
        super().__init__(n_features_in, start, n_terms)
        self.has_norm = norm is not None
        self.norm = norm or ""

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        name, dtype = type(estimator).__name__, checked_dtype(estimator)
        if estimator.alternate_sign and np.dtype(dtype).kind in "bu":
            raise UnsupportedParameter(
                f"{name}: dtype={dtype} has no negative numbers; use another, or alternate_sign=False."
            )
        is_text = hasattr(estimator, "build_analyzer")
        reader = HashedTerms(
            width=int(estimator.n_features),
            dtype=dtype,
            analysis=TextAnalysis.of(estimator) if is_text else None,
            alternate_sign=bool(estimator.alternate_sign),
            binary=is_text and bool(estimator.binary),
            pairs=not is_text and estimator.input_type != "string",
        )
        norm = estimator.norm if is_text else None
        module = cls(*columns_of_documents(estimator, columns, reader), norm)
        # Norms are divided by in floating point.
        module.output_dtype = dtype if norm is None or np.dtype(dtype).kind == "f" else None
        return module

    def transform(self, x: Tensor) -> Tensor:
        counts = self.counts(x)
        return unit_rows(counts, self.norm) if self.has_norm else counts
