"""LabelEncoder."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import ANY_WIDTH, Column, InputEncoding, TorchEstimator, register
from sk2torch.blocks.categories import CategoryLookup
from sk2torch.functional.rounding import round_to_single
from sk2torch.functional.unknown import refuse_rows


@register("sklearn.preprocessing.LabelEncoder")
class TorchLabelEncoder(TorchEstimator):
    """The place of each label among the classes: ``k where y == classes[k]``, for labels of shape ``(n_samples,)``.

    As in scikit-learn, labels are first cast to the dtype of the classes: fractions are cut off where these are
    integers. A label that is no class, or a place that none has, raises ``ValueError``, and makes NaN in compiled and
    exported graphs; so do strings that scikit-learn would cut to the length of the longest class.

    Args:
        values: what stands for each class in the input, shape ``(n_classes,)``.
        classes: the fitted ``classes_``.
    """

    values: Tensor

    def __init__(self, values: Tensor, classes: np.ndarray) -> None:
        super().__init__(ANY_WIDTH)
        self.classes_ = classes
        self.n_classes = len(classes)
        self.cast = {"i": "whole", "u": "whole", "b": "boolean"}.get(classes.dtype.kind, "none")
        if classes.dtype == np.float32:
            self.cast = "single"
        self.lookup = CategoryLookup([values.tolist()], [list(range(self.n_classes))], [-1])
        self.register_buffer("values", values)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        classes = np.array(estimator.classes_)
        label = Column()
        values = torch.tensor(label.codes(classes.tolist()), dtype=torch.float64)
        label.used = label.strict = True
        module = cls(values, classes)
        module.__dict__["_encoding"] = InputEncoding([label], n_dims=1)
        module.output_dtype = "int64"
        module.inverse_dtype = classes.dtype.str
        return module

    def transform(self, x: Tensor) -> Tensor:
        if x.dim() != 1:
            raise ValueError(f"Expected labels of shape (n_samples,), got {x.dim()} dimension(s).")
        x = x.detach().to(self.anchor.dtype)
        if self.cast == "whole":
            x = torch.trunc(x)
        if self.cast == "boolean":
            x = (x != 0.0).to(x.dtype)
        if self.cast == "single":
            x = round_to_single(x)
        place = self.lookup(x.unsqueeze(1))
        message = "LabelEncoder: found labels that are no class; drop these rows, or refit with them."
        return refuse_rows(place.to(x.dtype), place[:, 0] < 0, message).squeeze(1)

    def inverse_transform(self, x: Tensor) -> Tensor:
        place = x.detach().to(self.anchor.dtype).reshape(-1, 1)
        whole = torch.trunc(place)
        wrong = (whole != place) | (whole < 0) | (whole >= self.n_classes)
        value = self.values.index_select(0, torch.where(wrong, 0.0, whole).long().squeeze(1)).unsqueeze(1)
        message = "LabelEncoder: expected places of classes, from 0 to their number."
        return refuse_rows(value, wrong[:, 0], message).squeeze(1)
