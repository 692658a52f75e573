"""The affine map that linear models share."""

import torch
from torch import Tensor, nn

from sk2torch.functional.held_tensors import held_tensors
from sk2torch.ops.layers import affine_rows
from sk2torch.ops.sparse_rows import sparse_affine


class LinearMap(nn.Module):
    """``x @ weight.T + bias``; ``x`` may be a sparse CSR tensor.

    Args:
        weight: shape ``(n_outputs, n_features)``.
        bias: shape ``(n_outputs,)``; one value is repeated for every output.
        flat: drop the second dimension of the result; only for one output.
    """

    def __init__(self, weight: Tensor, bias: Tensor, flat: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias.expand(weight.shape[0]).clone())
        self.flat = flat

    @torch.jit.unused
    def check_arrays(self) -> None:
        """Refuse arrays that broadcasting would hide: one output for each offset, and one alone where it is flat.

        Raises:
            ValueError: they are of other shapes.
        """
        if self.weight.dim() != 2 or self.bias.shape != self.weight.shape[:1]:
            raise ValueError(f"a linear map of shape {tuple(self.weight.shape)} has {self.bias.numel()} offsets.")
        if self.flat and self.weight.shape[0] != 1:
            raise ValueError(f"a linear map with one output has {self.weight.shape[0]}.")

    def forward(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            weight, bias = held_tensors(self, "weight", "bias")
            result = sparse_affine(x, weight, bias) if x.is_sparse_csr else affine_rows(x, weight, bias)
            if result is None and not x.is_sparse_csr:
                result = torch.nn.functional.linear(x, weight, bias)
            if result is not None:
                return result.squeeze(1) if self.flat else result
        if x.is_sparse_csr and x.shape[0] == 1:
            # Few of the weights count: a product of sparse matrices would take the time of many rows.
            weight = self.weight.index_select(1, x.col_indices())
            result = torch.addmv(self.bias, weight, x.values()).unsqueeze(0)
        elif x.is_sparse_csr:
            # Much faster than torch.nn.functional.linear.
            result = torch.addmm(self.bias, x, self.weight.t())
        else:
            result = torch.nn.functional.linear(x, self.weight, self.bias)
        return result.squeeze(1) if self.flat else result


def upgrade_matrix(module: nn.Module, name: str, part: str, is_transposed: bool = False) -> None:
    """Put a linear map in the place of a matrix that earlier files hold, if any; see ``TorchEstimator.upgrade``.

    Args:
        module: what holds the matrix.
        name: of the matrix.
        part: name of the linear map.
        is_transposed: the matrix has shape ``(n_features, n_outputs)``.

    Raises:
        ValueError: it is no matrix.
    """
    matrix = module._parameters.pop(name, None)
    if matrix is None:
        return
    # Without columns, its rows would be numbers of the offset that no tensor of the file has.
    if matrix.dim() != 2 or matrix.numel() < matrix.shape[is_transposed]:
        raise ValueError(f"{name!r} is no matrix")
    weight = matrix.detach().T.contiguous() if is_transposed else matrix.detach()
    linear = LinearMap(weight, weight.new_zeros(1))
    setattr(module, part, linear.requires_grad_(matrix.requires_grad))
