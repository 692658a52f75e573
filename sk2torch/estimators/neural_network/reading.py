"""Reading the layers of a fitted multi-layer perceptron."""

from typing import Any

from sk2torch.base import read, write
from sk2torch.blocks.feed_forward import FeedForward
from sk2torch.blocks.linear import LinearMap


def network(estimator: Any) -> FeedForward:
    """The network of an MLPClassifier or MLPRegressor."""
    layers = [
        LinearMap(read.matrix(coef.T), read.vector(intercept))
        for coef, intercept in zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ]
    return FeedForward(layers, estimator.activation, estimator.out_activation_)


def write_network(estimator: Any, layers: FeedForward) -> None:
    """Give an MLPClassifier or MLPRegressor the weights of a network."""
    for k, layer in enumerate([*layers.hidden, layers.output]):
        name = f"layer {k} of {type(estimator).__name__}"
        estimator.coefs_[k] = write.replaced(estimator.coefs_[k], layer.weight.T, name)
        estimator.intercepts_[k] = write.replaced(estimator.intercepts_[k], layer.bias, name)
