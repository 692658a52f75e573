"""DummyClassifier."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import (
    ANY_WIDTH,
    ClassLabels,
    Column,
    TorchClassifier,
    TorchEstimator,
    UnsupportedParameter,
    read,
    register,
    write,
)
from sk2torch.functional.rows import repeated_row


@register("sklearn.dummy.DummyClassifier")
class TorchDummyClassifier(TorchClassifier):
    """The same class and probabilities for every row.

    Args:
        classes: the fitted ``classes_``.
        index: of the predicted class.
        probabilities: shape ``(n_classes,)``.

    Raises:
        UnsupportedParameter: strategy ``"uniform"`` or ``"stratified"`` (random predictions), a sparse
            target, or a ``constant`` that was changed after the fit.
    """

    def __init__(self, classes: Any, index: int, probabilities: Tensor) -> None:
        super().__init__(ANY_WIDTH, classes)
        self.register_buffer("index", torch.tensor([index]))
        self.probabilities = nn.Parameter(probabilities.reshape(1, -1))

    @property
    def fixed_tensors(self) -> dict[str, str]:
        is_certain = self.source.attribute("_strategy", "prior") != "prior"
        return {"probabilities": "one class is certain; fit with strategy='prior'"} if is_certain else {}

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        _refuse(estimator)
        n_outputs = estimator.n_outputs_
        if n_outputs == 1:
            classes, priors, constants = [estimator.classes_], [estimator.class_prior_], [estimator.constant]
        else:
            classes, priors, constants = estimator.classes_, estimator.class_prior_, estimator.constant
        if estimator._strategy != "constant":
            constants = [None] * n_outputs
        outputs = [_constant_output(estimator._strategy, *o) for o in zip(classes, priors, constants, strict=True)]
        if n_outputs == 1:
            return cls(classes[0], *outputs[0])
        return TorchMultiOutputDummyClassifier(classes, [i for i, _ in outputs], [p for _, p in outputs])

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if estimator._strategy == "prior":
            write.attribute(estimator, "class_prior_", self.probabilities)

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(repeated_row(self.index, self.prepare(x)))

    def predict_proba(self, x: Tensor) -> Tensor:
        return repeated_row(self.probabilities, self.prepare(x))

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.predict_proba(x).log()


class TorchMultiOutputDummyClassifier(TorchEstimator):
    """Several outputs: labels of shape ``(n_samples, n_outputs)`` and a list of probabilities.

    Args:
        classes: the fitted ``classes_``, one array per output.
        indices: of the predicted class of each output.
        probabilities: one of shape ``(n_classes,)`` per output.
    """

    def __init__(self, classes: list[Any], indices: list[int], probabilities: list[Tensor]) -> None:
        super().__init__(ANY_WIDTH)
        self.outputs = nn.ModuleList(ClassLabels(c) for c in classes)
        labels = [output(torch.tensor(index)) for output, index in zip(self.outputs, indices, strict=True)]
        self.register_buffer("predicted", torch.stack(labels).reshape(1, -1))
        self.probabilities = nn.ParameterList(p.reshape(1, -1) for p in probabilities)

    @property
    def fixed_tensors(self) -> dict[str, str]:
        is_certain = self.source.attribute("_strategy", "prior") != "prior"
        return {"probabilities": "one class is certain; fit with strategy='prior'"} if is_certain else {}

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if estimator._strategy == "prior":
            for k, row in enumerate(self.probabilities):
                prior = estimator.class_prior_[k]
                estimator.class_prior_[k] = write.replaced(prior, row, "DummyClassifier.class_prior_")

    @property
    def classes_(self) -> list[np.ndarray]:
        """The original labels of each output."""
        return [output.classes_ for output in self.outputs]

    def predict(self, x: Tensor) -> Tensor:
        return repeated_row(self.predicted, self.prepare(x))

    def predict_proba(self, x: Tensor) -> list[Tensor]:
        x = self.prepare(x)
        return [repeated_row(row, x) for row in self.probabilities]

    def predict_log_proba(self, x: Tensor) -> list[Tensor]:
        return [p.log() for p in self.predict_proba(x)]


def _refuse(estimator: Any) -> None:
    if estimator._strategy in ("uniform", "stratified"):
        raise UnsupportedParameter(
            f"DummyClassifier: strategy={estimator._strategy!r} draws random numbers for every prediction; "
            "use 'most_frequent', 'prior' or 'constant'."
        )
    if estimator.sparse_output_:
        raise UnsupportedParameter(
            "DummyClassifier: expected a dense y, got a sparse matrix, for which predict gives sparse matrices; "
            "fit on y.toarray()."
        )
    if estimator._strategy == "constant" and np.ndim(estimator.constant) > 1:
        raise UnsupportedParameter(
            "DummyClassifier: expected a constant of shape (n_outputs,), got a nested one, for which scikit-learn's "
            "results are not shaped like y; pass a flat list."
        )
    classes = estimator.classes_ if estimator.n_outputs_ > 1 else []
    if len({type(label) for output in classes for label in output.tolist()}) > 1:
        raise UnsupportedParameter(
            "DummyClassifier: expected labels of one type in all outputs, got a mixture, of which scikit-learn "
            "predicts strings; fit on y.astype(str)."
        )


def _constant_output(strategy: str, classes: Any, prior: Any, constant: Any) -> tuple[int, Tensor]:
    """Index of the predicted class of one output, and its probabilities, shape ``(n_classes,)``."""
    if strategy == "prior":
        return int(np.argmax(prior)), read.vector(prior)
    index = int(np.argmax(prior))
    if strategy == "constant":
        (found,) = np.nonzero(np.ravel(classes == constant))
        if found.size != 1:
            raise UnsupportedParameter(
                f"DummyClassifier: expected a constant out of {list(classes)}, got {constant!r}; fit again after "
                "changing it."
            )
        index = int(found[0])
    return index, (torch.arange(len(classes)) == index).double()
