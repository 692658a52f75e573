"""Fully connected networks."""

from torch import Tensor, nn

from sk2torch.blocks.linear import LinearMap
from sk2torch.functional.activations import activate


class FeedForward(nn.Module):
    """Affine maps with an activation after each: ``output(W_l(... hidden(W_1(x))))``.

    Args:
        layers: one per hidden layer, and the output layer.
        hidden_activation: identity, logistic, tanh or relu.
        output_activation: identity, logistic, softmax or exp.
    """

    def __init__(self, layers: list[LinearMap], hidden_activation: str, output_activation: str) -> None:
        super().__init__()
        self.hidden = nn.ModuleList(layers[:-1])
        self.output = layers[-1]
        self.hidden_activation = hidden_activation
        self.output_activation = output_activation

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.hidden:
            x = activate(layer(x), self.hidden_activation)
        return activate(self.output(x), self.output_activation)
