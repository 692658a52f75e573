"""Rows for which scikit-learn raises an error."""

import torch
from torch import Tensor


def refuse_rows(result: Tensor, wrong: Tensor, message: str) -> Tensor:
    """``result``, unless some rows are wrong: then an error.

    Eager and scripted code raises ``ValueError(message)``. The graphs of ``torch.compile``,
    ``torch.export`` and ONNX cannot raise on a value; there the wrong rows are NaN, and a position
    out of range is looked up, which runtimes on a CPU refuse with an error of their own.

    Args:
        result: floating point, shape ``(n_samples, n_outputs)``.
        wrong: boolean, shape ``(n_samples,)``.
        message: says what was expected, and the way out.
    """
    if torch.jit.is_scripting():
        if bool(wrong.any()):
            raise ValueError(message)
        return result
    else:
        if torch.compiler.is_compiling():
            # A sum, since ONNX has no largest of no rows.
            place = wrong.sum().clamp(max=1).reshape(1)
            return torch.where(wrong.unsqueeze(1), float("nan"), result) + result.new_zeros(1).index_select(0, place)
        if bool(wrong.any()):
            raise ValueError(message)
        return result
