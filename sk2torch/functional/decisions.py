"""From decision values to class indices."""

from torch import Tensor


def class_index(scores: Tensor) -> Tensor:
    """Index of the predicted class, int64, shape ``(n,)``.

    ``1`` where a score of shape ``(n,)`` is above zero; the first largest of scores ``(n, k)``.
    """
    if scores.dim() == 1:
        return (scores > 0).long()
    return scores.argmax(dim=1)
