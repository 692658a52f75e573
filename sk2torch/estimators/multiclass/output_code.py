"""OutputCodeClassifier."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import ANY_WIDTH, Column, read, register
from sk2torch.estimators.multiclass.members import ScoredMembers, read_member
from sk2torch.functional.sequential import sequential_product


@register("sklearn.multiclass.OutputCodeClassifier")
class TorchOutputCodeClassifier(ScoredMembers):
    """The class whose code is the nearest to the members' scores, of equally near ones the first.

    ``argmin_c |s - code_c|^2 = |s|^2 - 2 s . code_c + |code_c|^2``.

    Args:
        n_features_in: width of the input.
        members: one per position of the codes.
        code_book: shape ``(n_classes, n_members)``.
        classes: the fitted ``classes_``.
    """

    def __init__(self, n_features_in: int, members: list[nn.Module], code_book: Tensor, classes: Any) -> None:
        super().__init__(n_features_in, members, classes)
        self.register_buffer("doubled", 2 * code_book)
        self.register_buffer("squares", code_book.square().sum(dim=1))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        members = [read_member(member, columns) for member in estimator.estimators_]
        return cls(len(columns) or ANY_WIDTH, members, read.matrix(estimator.code_book_), estimator.classes_)

    def predict(self, x: Tensor) -> Tensor:
        scores = self.scores(x)
        # As scikit-learn has it, because codes of short distances from each other often tie but for rounding.
        length = scores.square().cumsum(dim=1)[:, -1:]
        distances = torch.add(length - sequential_product(scores, self.doubled), self.squares)
        return self.labels(distances.clamp(min=0.0).argmin(dim=1))
