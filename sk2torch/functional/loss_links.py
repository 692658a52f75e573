"""Links of boosting losses, between raw scores and what they predict."""

import torch
from torch import Tensor

from sk2torch.functional.links import binary_sigmoid, softmax_rows
from sk2torch.ops.layout import row_major


def class_probabilities(raw: Tensor, link: str) -> Tensor:
    """Probabilities of raw scores: shape ``(n, n_classes)``.

    ``"logit"``: ``sigmoid(r)``; ``"half_logit"``: ``sigmoid(2 r)``; ``"multinomial_logit"``: ``softmax(r)``.

    Args:
        raw: shape ``(n, 1)`` for two classes, else ``(n, n_classes)``.
        link: one of the names above.
    """
    if link == "multinomial_logit":
        return softmax_rows(raw)
    return binary_sigmoid(2.0 * raw if link == "half_logit" else raw)


def staged_probabilities(raw: Tensor, link: str) -> Tensor:
    """``class_probabilities`` of scores at each stage: shape ``(n_stages, n, n_classes)``.

    Args:
        raw: shape ``(n_stages, n, n_scores)``.
        link: see ``class_probabilities``.
    """
    flat = class_probabilities(row_major(raw).reshape(raw.shape[0] * raw.shape[1], raw.shape[2]), link)
    return flat.reshape(raw.shape[0], raw.shape[1], flat.shape[1])


def class_scores(probabilities: Tensor, link: str) -> Tensor:
    """Raw scores that have these probabilities; the inverse of ``class_probabilities``.

    ``"logit"``: ``log(p / (1 - p))`` of the second class; ``"half_logit"``: half of it;
    ``"multinomial_logit"``: ``log(p_k) - mean_j log(p_j)``.

    Args:
        probabilities: shape ``(n, n_classes)``, inside of (0, 1).
        link: one of the names above.
    """
    if link == "multinomial_logit":
        logarithm = probabilities.log()
        return logarithm - logarithm.mean(dim=1, keepdim=True)
    positive = probabilities[:, 1:2]
    score = positive.log() - torch.log1p(-positive)
    return 0.5 * score if link == "half_logit" else score


def mean_prediction(raw: Tensor, link: str) -> Tensor:
    """What a regressor's raw scores stand for: ``r`` (``"identity"``) or ``exp(r)`` (``"log"``)."""
    return raw.exp() if link == "log" else raw
