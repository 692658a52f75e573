"""SVC and NuSVC."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchClassifier, UnsupportedParameter, read, register
from sk2torch.estimators.svm.dual_form import FITTED_ATTRIBUTES, read_expansion, read_intercept, write_public
from sk2torch.functional.coupling import coupled_probabilities
from sk2torch.functional.decisions import positive_index
from sk2torch.functional.one_vs_one import (
    class_scores,
    pair_indices,
    pair_signs,
    pair_table,
    square_of_pairs,
)


@register("sklearn.svm.SVC", "sklearn.svm.NuSVC")
class TorchSVC(TorchClassifier):
    """Votes of one kernel machine per pair of classes; the first of equal classes wins.

    The pair ``(a, b)`` has the score ``sum_{j in a} coef[b - 1, j] k(x, x_j) + sum_{j in b} coef[a, j]
    k(x, x_j) + intercept``, positive for ``a`` (``decision_function`` of two classes has the other
    sign; within rounding of zero, as for contradictory duplicates, either class may come out).
    Probabilities of pairs are ``1 / (1 + exp(A score + B))``, coupled by libsvm's iteration.
    Callable kernels, and ``break_ties`` with ``decision_function_shape="ovo"`` (which scikit-learn's
    ``predict`` refuses), raise UnsupportedParameter.

    Args:
        n_features_in: width of the input; the number of training rows for precomputed kernels.
        classes: the fitted ``classes_``.
        expansion: module giving the sums of each class's support vectors, shape
            ``(n_samples, n_classes * (n_classes - 1))``; of two classes, of all of them, shape ``(n_samples, 1)``.
        intercept: shape ``(n_pairs,)``.
        slopes: ``A`` of each pair; zeros for ``probability=False``.
        offsets: ``B`` of each pair.
        one_vs_rest: ``decision_function`` has one score per class.
        break_ties: ``predict`` takes the largest of these scores.
    """

    read_by = {
        "slopes": ("predict_proba", "predict_log_proba"),
        "offsets": ("predict_proba", "predict_log_proba"),
    }

    fitted_attributes = FITTED_ATTRIBUTES | {"slopes": "_probA", "offsets": "_probB"}

    def __init__(
        self,
        n_features_in: int,
        classes: Any,
        expansion: nn.Module,
        intercept: Tensor,
        slopes: Tensor,
        offsets: Tensor,
        one_vs_rest: bool,
        break_ties: bool,
    ) -> None:
        super().__init__(n_features_in, classes)
        self.n_classes = len(classes)
        self.expansion = expansion
        self.intercept = nn.Parameter(intercept)
        self.slopes = nn.Parameter(slopes)
        self.offsets = nn.Parameter(offsets)
        self.one_vs_rest = one_vs_rest
        self.break_ties = break_ties
        first, second = pair_indices(self.n_classes)
        # Row (a, b - 1) of the sums belongs to the pair (a, b), row (b, a) too.
        self.register_buffer("first_sum", first * (self.n_classes - 1) + second - 1)
        self.register_buffer("second_sum", second * (self.n_classes - 1) + first)
        self.register_buffer("pairs", pair_table(self.n_classes))
        self.register_buffer("signs", pair_signs(self.n_classes))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        name, classes = type(estimator).__name__, estimator.classes_
        one_vs_rest = estimator.decision_function_shape == "ovr"
        if estimator.break_ties and not one_vs_rest:
            raise UnsupportedParameter(
                f"{name}: expected break_ties=False with decision_function_shape='ovo', as scikit-learn's predict "
                "does; set decision_function_shape='ovr' or break_ties=False."
            )
        sizes = [int(size) for size in estimator._n_support]
        if len(sizes) != len(classes):
            raise UnsupportedParameter(
                f"{name}: expected support vectors for {len(classes)} classes, got {len(sizes)}; "
                "leave out the rows of classes whose sample_weight is zero before fitting."
            )
        slopes, offsets = read.vector(estimator._probA), read.vector(estimator._probB)
        if hasattr(estimator, "predict_proba") and slopes.shape[0] == 0:
            raise UnsupportedParameter(f"{name}: probability=True was set after fitting; fit again, or set it back.")
        expansion = read_expansion(estimator, sizes if len(classes) > 2 else None)
        intercept = read_intercept(estimator)
        if slopes.shape[0] == 0:
            slopes, offsets = torch.zeros_like(intercept), torch.zeros_like(intercept)
        break_ties = bool(estimator.break_ties) and len(classes) > 2
        return cls(
            int(estimator.n_features_in_), classes, expansion, intercept, slopes, offsets, one_vs_rest, break_ties
        )

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        write_public(estimator, changed)

    def decision_function(self, x: Tensor) -> Tensor:
        if self.n_classes == 2:
            return -self.pair_scores(x).squeeze(1)
        return self.class_scores(x, True) if self.one_vs_rest else self.pair_scores(x)

    def predict(self, x: Tensor) -> Tensor:
        if self.break_ties:
            return self.labels(self.decision_function(x).argmax(dim=1))
        if self.n_classes == 2:
            return self.labels(positive_index(self.pair_scores(x), True))
        return self.labels(self.class_scores(x, False).argmax(dim=1))

    def predict_proba(self, x: Tensor) -> Tensor:
        odds = self.pair_scores(x) * self.slopes + self.offsets
        # libsvm keeps the probabilities of pairs this far from 0 and 1.
        first = torch.sigmoid(-odds).clamp(1e-7, 1 - 1e-7)
        return coupled_probabilities(square_of_pairs(first, 1 - first, self.pairs, self.n_classes))

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.predict_proba(x).log()

    def pair_scores(self, x: Tensor) -> Tensor:
        """libsvm's decision values, positive for the first class of a pair; ``(n_samples, n_pairs)``."""
        if self.n_classes == 2:
            if torch.jit.is_scripting():
                return self.expansion(self.prepare(x), self.intercept)
            else:
                # Attributes of modules are slow to find.
                parts: Any = self._modules
                return parts["expansion"](self.prepare(x), self.intercept)
        sums = self.expansion(self.prepare(x))
        return sums.index_select(1, self.first_sum) + sums.index_select(1, self.second_sum) + self.intercept

    def class_scores(self, x: Tensor, with_confidence: bool) -> Tensor:
        """Votes of the classes, with or without the confidence of their pairs; ``(n_samples, n_classes)``."""
        sums = self.expansion(self.prepare(x))
        return class_scores(sums, self.first_sum, self.second_sum, self.intercept, self.signs, with_confidence)
