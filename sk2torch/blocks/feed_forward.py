"""Fully connected networks."""

from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.blocks.linear import LinearMap
from sk2torch.functional.activations import activate
from sk2torch.functional.held_tensors import held_tensors
from sk2torch.ops.layers import dense_layers


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

    @torch.jit.unused
    def arrays(self) -> list[Tensor]:
        """Weights and offsets of all layers, without the search that attributes of modules take."""
        if torch.compiler.is_compiling():
            return [array for layer in [*self.hidden, self.output] for array in (layer.weight, layer.bias)]
        layers: Any = [*self._modules["hidden"]._modules.values(), self._modules["output"]]
        found: list[Tensor] = []
        for layer in layers:
            parameters = layer._parameters
            if "weight" in parameters and "bias" in parameters:
                found += parameters["weight"], parameters["bias"]
            else:
                found += held_tensors(layer, "weight", "bias")
        return found

    def forward(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            result = dense_layers(x, self.arrays(), self.hidden_activation, self.output_activation)
            if result is not None:
                return result
        for layer in self.hidden:
            x = activate(layer(x), self.hidden_activation)
        return activate(self.output(x), self.output_activation)
