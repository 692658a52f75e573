"""Reading the layers of a fitted multi-layer perceptron."""

from typing import Any

from sk2torch.base import read
from sk2torch.blocks.feed_forward import FeedForward
from sk2torch.blocks.linear import LinearMap


def network(estimator: Any) -> FeedForward:
    """The network of an MLPClassifier or MLPRegressor."""
    layers = [
        LinearMap(read.matrix(coef.T), read.vector(intercept))
        for coef, intercept in zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ]
    return FeedForward(layers, estimator.activation, estimator.out_activation_)
