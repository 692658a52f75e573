"""Rows for which scikit-learn raises an error."""

import torch
from torch import Tensor


def refuse_rows(result: Tensor, wrong: Tensor, message: str) -> Tensor:
    """``result``, unless some rows are wrong: those raise ``ValueError(message)``, or become NaN.

    Eager and scripted code raises. The graphs of ``torch.compile``, ``torch.export`` and ONNX cannot
    raise on a value, so there the wrong rows are NaN.

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
            return torch.where(wrong.unsqueeze(1), float("nan"), result)
        if bool(wrong.any()):
            raise ValueError(message)
        return result
