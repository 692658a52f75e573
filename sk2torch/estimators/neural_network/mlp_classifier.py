"""MLPClassifier."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import Column, TorchClassifier, UnsupportedParameter, register
from sk2torch.blocks.feed_forward import FeedForward
from sk2torch.estimators.neural_network.reading import network, write_network


@register("sklearn.neural_network.MLPClassifier")
class TorchMLPClassifier(TorchClassifier):
    """A network that ends in one sigmoid (two classes), one per label (multilabel) or a softmax.

    Multilabel predictions are int64, shape ``(n_samples, n_labels)``. A single class is always
    predicted, with probabilities of shape ``(n_samples, 2)`` as in scikit-learn.

    Args:
        network: gives probabilities, shape ``(n_samples, n_outputs)``.
        n_features_in: width of the input.
        classes: the fitted ``classes_``.
        target: scikit-learn's name for the kind of target: binary, multiclass or multilabel-indicator.

    Raises:
        UnsupportedParameter: fitted on a sparse indicator matrix (predictions would be sparse).
    """

    def __init__(self, network: FeedForward, n_features_in: int, classes: Any, target: str) -> None:
        super().__init__(n_features_in, classes)
        self.network = network
        self.is_multilabel = target == "multilabel-indicator"
        self.is_binary = target == "binary"
        self.last_class = len(classes) - 1

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        binarizer = estimator._label_binarizer
        if binarizer.sparse_input_:
            raise UnsupportedParameter(
                "MLPClassifier: expected a dense y, got a sparse matrix, for which predict gives sparse matrices; "
                "fit on y.toarray()."
            )
        return cls(network(estimator), estimator.n_features_in_, binarizer.classes_, binarizer.y_type_)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        write_network(estimator, self.network)

    def predict(self, x: Tensor) -> Tensor:
        output = self.output(x)
        if self.is_multilabel:
            return (output > 0.5).long()
        if self.is_binary:
            return self.labels((output[:, 0] > 0.5).long().clamp(max=self.last_class))
        return self.labels(output.argmax(dim=1))

    def output(self, x: Tensor) -> Tensor:
        """Of the network, shape ``(n_samples, n_outputs)``."""
        if torch.jit.is_scripting():
            return self.network(self.prepare(x))
        else:
            # Attributes of modules are slow to find.
            parts: Any = self._modules
            return parts["network"](self.prepare(x))

    def predict_proba(self, x: Tensor) -> Tensor:
        output = self.output(x)
        return torch.cat([1.0 - output, output], dim=1) if self.is_binary else output

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return self.predict_proba(x).log()
