"""TfidfVectorizer and TfidfTransformer."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.tfidf import TfidfWeights
from sk2torch.estimators.feature_extraction.vectorizer import Vectorizer, columns_of_documents, term_counts


def _weights(transformer: Any) -> TfidfWeights:
    idf = getattr(transformer, "idf_", None)
    return TfidfWeights(None if idf is None else read.vector(idf), bool(transformer.sublinear_tf), transformer.norm)


@register("sklearn.feature_extraction.text.TfidfVectorizer")
class TorchTfidfVectorizer(Vectorizer):
    """Weighted counts of terms: ``tf(x) * idf``, divided by the norm of the row.

    The documents are read once, by ``encode``: the tensor has a column of counts for each term. With ``dtype=float32``
    scikit-learn computes in single precision; here the result is rounded to it. ``inverse_transform`` gives the tensor
    back, which ``Predictor`` turns into terms. Functions among the settings work in memory, but in no file.

    Args:
        n_features_in: width of the input.
        start: the first of its columns.
        n_terms: how many there are.
        weights: of the terms.

    Raises:
        UnsupportedParameter: documents made by an earlier step, or a dtype other than bool, int, float32 and float64.
    """

    fitted_attributes = {"weights.idf": "_tfidf.idf_"}

    def __init__(self, n_features_in: int, start: int, n_terms: int, weights: TfidfWeights) -> None:
        super().__init__(n_features_in, start, n_terms)
        self.weights = weights

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        reader = term_counts(estimator)
        # Parameters are those of the fit, which this object has kept.
        module = cls(*columns_of_documents(estimator, columns, reader), _weights(estimator._tfidf))
        module.output_dtype = "float32" if reader.dtype == "float32" else None
        return module

    def transform(self, x: Tensor) -> Tensor:
        return self.weights(self.counts(x))

    def inverse_transform(self, x: Tensor) -> Tensor:
        if x.shape[1] != self.n_terms:
            raise ValueError(f"X has {x.shape[1]} features, but {self.n_terms} are expected.")
        return x.to(self.anchor.dtype)


@register("sklearn.feature_extraction.text.TfidfTransformer")
class TorchTfidfTransformer(TorchEstimator):
    """``tf(x) * idf``, divided by the norm of the row; ``tf(x)`` is ``x``, or ``log(x) + 1`` where ``x`` is not zero.

    Args:
        n_features_in: width of the input.
        weights: of the terms.
    """

    fitted_attributes = {"weights.idf": "idf_"}

    accepts_sparse = True
    sparse_output = True

    def __init__(self, n_features_in: int, weights: TfidfWeights) -> None:
        super().__init__(n_features_in)
        self.weights = weights

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(estimator.n_features_in_, _weights(estimator))

    def transform(self, x: Tensor) -> Tensor:
        return self.weights(self.prepare(x))
