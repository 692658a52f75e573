"""From labels to class indices."""

import torch
from torch import Tensor


def label_index(labels: Tensor, values: Tensor) -> Tensor:
    """Position of each label in ``values``, int64, shape ``(n,)``; 0 for labels that it does not hold.

    Args:
        labels: shape ``(n,)``.
        values: each label once, shape ``(n_classes,)``.
    """
    position = torch.arange(values.shape[0], device=labels.device)
    return ((labels.unsqueeze(1) == values).long() * position).sum(dim=1)
