"""What the members of AdaBoost answer: predictions, and sums of votes."""

import torch
from torch import Tensor, nn

from sk2torch.base import TorchEstimator
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.functional.labels import label_index


class TreeAnswers(nn.Module):
    """Each tree's answer, shape ``(n_samples, n_trees)``.

    Args:
        trees: holds the answer of each leaf.
    """

    def __init__(self, trees: LeafSum) -> None:
        super().__init__()
        self.trees = trees

    def forward(self, x: Tensor) -> Tensor:
        return self.trees.terms(x)[:, :, 0]


class ModelAnswers(nn.Module):
    """Each regressor's prediction, shape ``(n_samples, n_members)``.

    Args:
        members: the regressors.
    """

    def __init__(self, members: list[TorchEstimator]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member.predict(x).to(x.dtype) for member in self.members], dim=1)


class TreeVotes(nn.Module):
    """Sums of the votes of trees; see ``leaf_votes``.

    Args:
        trees: hold in each leaf what it adds to each class.
    """

    def __init__(self, trees: LeafSum) -> None:
        super().__init__()
        self.trees = trees

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_classes)``."""
        return self.trees(x)

    def stages(self, x: Tensor) -> Tensor:
        """The sums after each member, shape ``(n_members, n_samples, n_classes)``."""
        return self.trees.stages(x)


class ClassVotes(nn.Module):
    """Sums of the votes of classifiers: ``w_t`` for the class that member ``t`` predicts, ``v_t`` for each other.

    Args:
        members: the classifiers, all of the same classes.
        labels: what they predict for each class.
        weights: ``w``, shape ``(n_members,)``.
        against: ``v``, shape ``(n_members,)``.
    """

    def __init__(self, members: list[TorchEstimator], labels: Tensor, weights: Tensor, against: Tensor) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.n_classes = labels.shape[0]
        self.register_buffer("labels", labels)
        self.register_buffer("weights", weights)
        self.register_buffer("against", against)

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_classes)``."""
        return self.stages(x)[-1]

    def stages(self, x: Tensor) -> Tensor:
        """The sums after each member, shape ``(n_members, n_samples, n_classes)``."""
        classes = torch.arange(self.n_classes, device=x.device)
        voted = torch.stack([label_index(member.predict(x), self.labels) for member in self.members])
        is_vote = voted.unsqueeze(2) == classes
        return torch.where(is_vote, self.weights.reshape(-1, 1, 1), self.against.reshape(-1, 1, 1)).cumsum(dim=0)
