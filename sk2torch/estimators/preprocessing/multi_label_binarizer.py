"""MultiLabelBinarizer."""

from typing import Any, Self

import numpy as np
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, register
from sk2torch.base.encoding import LabelSetEncoding
from sk2torch.functional.unknown import refuse_rows


@register("sklearn.preprocessing.MultiLabelBinarizer")
class TorchMultiLabelBinarizer(TorchEstimator):
    """One column of zeros and ones for each class: ``1 if class in labels else 0``.

    Sets of labels become a tensor by ``encode``, shape ``(n_samples, n_classes)``, which leaves out labels that are no
    class without scikit-learn's warning; ``transform`` makes ones of all that is not zero there. ``inverse_transform``
    takes zeros and ones, and ``Predictor`` makes tuples of labels of them. Other numbers raise ``ValueError``, and
    make a row of NaN in compiled and exported graphs.

    Args:
        classes: the fitted ``classes_``.
    """

    def __init__(self, classes: np.ndarray) -> None:
        super().__init__(len(classes))
        self.classes_ = classes

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        classes = np.array(estimator.classes_)
        module = cls(classes)
        module.__dict__["_encoding"] = LabelSetEncoding(classes.tolist())
        module.sparse_output = bool(estimator.sparse_output)
        module.output_dtype = "int64"
        return module

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        return (x != 0.0).to(x.dtype)

    def inverse_transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x).detach()
        message = "MultiLabelBinarizer: expected only zeros and ones."
        return refuse_rows(x, ((x != 0.0) & (x != 1.0)).any(dim=1), message)
