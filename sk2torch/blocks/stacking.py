"""What the estimators of one ensemble answer, as the features of another."""

import torch
from torch import Tensor, nn


class AnswerColumns(nn.Module):
    """One model's answer as columns: shape ``(n_samples, n_columns)``, in the input's dtype.

    Args:
        part: the model; its ``forward`` gives shape ``(n_samples,)`` or ``(n_samples, n)``.
        is_vector: the answer has one dimension.
        first: index of the first column that is kept; 1 leaves out a probability that the other implies.
    """

    def __init__(self, part: nn.Module, is_vector: bool, first: int) -> None:
        super().__init__()
        self.part = part
        self.is_vector = is_vector
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        answer = self.part(x)
        if self.is_vector:
            answer = answer.unsqueeze(1)
        return answer[:, self.first :].to(x.dtype)


class ProbabilityTables(nn.Module):
    """One model's probabilities for several outputs side by side, each without its first column.

    Args:
        part: the model; its ``forward`` gives a list of tables ``(n_samples, n_classes)``.
    """

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([table[:, 1:] for table in self.part(x)], dim=1).to(x.dtype)


class StackedAnswers(nn.Module):
    """Answers of several models side by side, then ``x`` itself if it is passed through.

    Args:
        parts: ``AnswerColumns`` or ``ProbabilityTables`` of each model.
        passthrough: whether ``x`` comes last.
    """

    def __init__(self, parts: list[nn.Module], passthrough: bool) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.passthrough = passthrough

    def forward(self, x: Tensor) -> Tensor:
        columns = [part(x) for part in self.parts]
        if self.passthrough:
            columns.append(x)
        return torch.cat(columns, dim=1)
