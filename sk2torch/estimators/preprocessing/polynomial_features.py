"""PolynomialFeatures."""

import itertools
from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.ops.columns import feature_products, product_steps
from sk2torch.ops.layout import row_major
from sk2torch.ops.row_blocks import in_row_blocks


@register("sklearn.preprocessing.PolynomialFeatures")
class TorchPolynomialFeatures(TorchEstimator):
    """Products of features: ``x[:, i] * x[:, j] * ...`` for all combinations of some degrees.

    The terms of a degree are those of the one below times a feature each, so the work of all is one gather and one
    product per degree. The columns are those of scikit-learn, whatever its ``order`` of them in memory.

    Args:
        n_features_in: width of the input.
        parents: for the degrees from 1, the number of each term's product of its other features among the terms below.
        factors: for the same, the number of each term's first feature.
        min_degree: smallest degree of a product in the result.
        has_bias: whether the result begins with a column of ones.
    """

    keeps_sparse = True

    def __init__(
        self, n_features_in: int, parents: list[Tensor], factors: list[Tensor], min_degree: int, has_bias: bool
    ) -> None:
        super().__init__(n_features_in)
        self.ends = [0, *itertools.accumulate(len(factor) for factor in factors)]
        self.min_degree = max(1, min_degree)
        self.has_bias = has_bias
        # Of all degrees from 0, and those that come before the result.
        self.n_terms = 1 + self.ends[-1]
        self.n_skipped = 1 + self.ends[min(self.min_degree, len(self.ends)) - 1]
        self.register_buffer("parents", torch.cat(parents) if parents else torch.zeros(0, dtype=torch.int64))
        self.register_buffer("factors", torch.cat(factors) if factors else torch.zeros(0, dtype=torch.int64))
        self.register_buffer("steps", product_steps(parents, factors), persistent=False)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        n_features = int(estimator.n_features_in_)
        pick = itertools.combinations if estimator.interaction_only else itertools.combinations_with_replacement
        places: dict[tuple[int, ...], int] = {(): 0}
        parents: list[Tensor] = []
        factors: list[Tensor] = []
        for degree in range(1, int(estimator._max_degree) + 1):
            terms = list(pick(range(n_features), degree))
            if not terms:
                break
            # The products are formed from the right, as scikit-learn does, to the same rounding.
            parents.append(read.integers([places[term[1:]] for term in terms]))
            factors.append(read.integers([term[0] for term in terms]))
            places = {term: k for k, term in enumerate(terms)}
        return cls(n_features, parents, factors, int(estimator._min_degree), bool(estimator.include_bias))

    @torch.jit.unused
    def check_arrays(self) -> None:
        """Refuse steps that reach beyond the terms, which compiled code follows.

        Raises:
            ValueError: there are such.
        """
        first, source, count, feature = self.steps.reshape(-1, 4).unbind(dim=1)
        is_known = (source >= 0) & (count > 0) & (source + count <= first) & (first + count <= self.n_terms)
        is_known &= (feature >= 0) & (feature < self.n_features_in)
        made = 1 + int(count.sum())
        if self.steps.dtype != torch.int64 or made != self.n_terms or not bool(is_known.all()):
            raise ValueError("the steps of PolynomialFeatures do not make its terms.")
        if not 0 <= self.n_skipped <= self.n_terms:
            raise ValueError("PolynomialFeatures leaves out more terms than it has.")

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if not torch.jit.is_scripting():
            # A column of ones beside terms of higher degrees is not next to them.
            if not self.has_bias or self.n_skipped == 1:
                result = feature_products(x, self.steps, self.n_terms, 0 if self.has_bias else self.n_skipped)
                if result is not None:
                    return result
            return in_row_blocks(self.products, x, self.factors.shape[0])
        return self.products(x)

    def products(self, x: Tensor) -> Tensor:
        """``transform`` of prepared rows."""
        # Whole rows are picked much faster than single columns.
        columns = row_major(x.T)
        terms = x.new_ones((1, x.shape[0]))
        blocks = [terms] if self.has_bias else [terms[:0]]
        for degree in range(1, len(self.ends)):
            start, end = self.ends[degree - 1], self.ends[degree]
            feature = columns.index_select(0, self.factors[start:end])
            terms = feature if degree == 1 else terms.index_select(0, self.parents[start:end]) * feature
            if degree >= self.min_degree:
                blocks.append(terms)
        return row_major(torch.cat(blocks).T)
