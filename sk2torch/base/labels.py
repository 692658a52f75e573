"""Class labels as tensors."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.functional.rows import is_range


def is_numeric(classes: np.ndarray) -> bool:
    """Whether labels come out of a module as their own values (numbers, booleans)."""
    return classes.dtype.kind in "biuf"


class ClassLabels(nn.Module):
    """Turns class indices into labels: ``label = classes[index]``.

    Numeric and boolean classes come back as their own values; all others stay int64 indices,
    to be decoded with ``classes_``.

    Args:
        classes: the fitted ``classes_`` of one output, shape ``(n_classes,)``.
    """

    def __init__(self, classes: Any) -> None:
        super().__init__()
        self.classes_ = np.array(classes)
        self.is_numeric = is_numeric(self.classes_)
        if not self.is_numeric:
            values = torch.arange(len(self.classes_))
        elif self.classes_.dtype.kind in "iu":
            values = torch.from_numpy(self.classes_.astype(np.int64))
        else:
            values = torch.from_numpy(self.classes_.copy())
        self.register_buffer("values", values)
        # Labels 0, 1, 2, … are their own indices.
        self.is_index = is_range(values)

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        self.is_index = is_range(self.values)

    def forward(self, index: Tensor) -> Tensor:
        return index if self.is_index else self.values[index]
