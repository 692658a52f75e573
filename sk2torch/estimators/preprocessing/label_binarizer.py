"""LabelBinarizer."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import ANY_WIDTH, Column, InputEncoding, TorchEstimator, register
from sk2torch.functional.unknown import refuse_rows


@register("sklearn.preprocessing.LabelBinarizer")
class TorchLabelBinarizer(TorchEstimator):
    """One column of ``positive`` and ``negative`` per class; a single one for two classes.

    ``transform`` takes labels of shape ``(n_samples,)``, or an indicator matrix if it was fitted on
    one. With three classes or more, a label that is no class is ``negative`` throughout; with fewer,
    scikit-learn's answer depends on what else is in the batch, so it raises ``ValueError``, and
    makes a row of NaN in compiled and exported graphs. ``inverse_transform`` takes the class with
    the greatest value; with two classes, or an indicator matrix, the values above the middle of
    ``positive`` and ``negative``. It is dense even when fitted on a sparse matrix.

    Args:
        kind: ``"binary"``, ``"multiclass"`` or ``"multilabel"``.
        values: what stands for each class in the input, shape ``(n_classes,)``.
        classes: the fitted ``classes_``.
        negative: value for labels that a sample does not have.
        positive: value for labels that it has.
    """

    def __init__(self, kind: str, values: Tensor, classes: np.ndarray, negative: float, positive: float) -> None:
        super().__init__(values.shape[0] if kind == "multilabel" else ANY_WIDTH)
        self.kind = kind
        self.n_classes = values.shape[0]
        self.negative = negative
        self.positive = positive
        self.classes_ = classes
        self.register_buffer("values", values)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        classes = np.array(estimator.classes_)
        kind = estimator.y_type_.removesuffix("-indicator")
        label = Column()
        codes = label.codes(classes.tolist())
        label.used = True
        module = cls(
            kind,
            torch.tensor(codes, dtype=torch.float64),
            classes,
            float(estimator.neg_label),
            float(estimator.pos_label),
        )
        if kind == "multilabel":
            # scikit-learn's result has the dtype of its input, which may not hold the values.
            label.refuses_narrow = (estimator.neg_label, estimator.pos_label) != (0, 1)
            module.__dict__["_encoding"] = InputEncoding([label] * len(classes))
        else:
            module.__dict__["_encoding"] = InputEncoding([label], n_dims=1)
        module.sparse_output = bool(estimator.sparse_output)
        module.output_dtype = "int64"
        module.inverse_dtype = "int64" if kind == "multilabel" else classes.dtype.str
        return module

    def transform(self, x: Tensor) -> Tensor:
        if self.kind == "multilabel":
            return self.relabelled(self.prepare(x))
        if x.dim() != 1:
            raise ValueError(f"Expected labels of shape (n_samples,), got {x.dim()} dimension(s).")
        hits = x.to(self.anchor.dtype).unsqueeze(1) == self.values
        result = hits.to(self.values.dtype) * (self.positive - self.negative) + self.negative
        if self.kind == "multiclass":
            return result
        message = "LabelBinarizer: found unknown labels; with fewer than three classes each label must be one of them."
        # scikit-learn has a single class for the negative one.
        last = result[:, 1:] if self.n_classes == 2 else torch.full_like(result, self.negative)
        return refuse_rows(last, ~hits.any(dim=1), message)

    def relabelled(self, x: Tensor) -> Tensor:
        """An indicator matrix in other values; with 1 for positive, values other than zero are kept."""
        keeps = self.positive == 1.0 or (self.positive == 0.0 and self.negative == -1.0)
        # Labels have no gradient.
        x = x.detach()
        positive = x if keeps else torch.full_like(x, self.positive)
        if self.positive == 0.0 and keeps:
            positive = torch.where(x == 1, 0.0, x)
        return torch.where(x == 0, self.negative, positive)

    def inverse_transform(self, x: Tensor) -> Tensor:
        x = x.to(self.anchor.dtype)
        if self.kind == "multiclass":
            return self.values[x.argmax(dim=1).clamp(max=self.n_classes - 1)]
        above = x > (self.positive + self.negative) / 2.0
        if self.kind == "multilabel":
            return above.to(x.dtype)
        last = above if x.dim() == 1 else above[:, -1]
        return self.values[last.long().clamp(max=self.n_classes - 1)]
