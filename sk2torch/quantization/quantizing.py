"""``sk2torch.quantize``: a model whose blocks are replaced by smaller forms of themselves."""

import copy
import itertools
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import METHODS, TorchEstimator, UnsupportedParameter, methods_of
from sk2torch.blocks.quantized import form_of, modes_for
from sk2torch.export import runtime_of
from sk2torch.quantization.numbers import TorchaoNumbers
from sk2torch.quantization.report import MethodError, QuantizationReport, compare, n_rows

# Modes, and what they do.
MODES = {
    "weight_only": "matrices in int8, products in the model's dtype",
    "dynamic": "matrices and, row by row, their inputs in int8; products of integers",
    "static": "the same with one scale for all rows, chosen by calibration",
    "qat": "rounds as dynamic does, with gradients: to be trained, then converted (step='convert')",
    "float16": "matrices and their products in float16",
    "bfloat16": "matrices and their products in bfloat16",
    "forest_ranks": "trees compare ranks of thresholds: the same leaves, in fewer bytes",
}
_STEPS = ("prepare", "convert")
# Most rows that calibration records.
_MOST_ROWS = 4096


class Quantized(NamedTuple):
    """``model, report = sk2torch.quantize(...)``."""

    model: TorchEstimator
    report: QuantizationReport


def quantize(
    model: TorchEstimator,
    mode: str = "weight_only",
    X: Any = None,
    *,
    step: str = "prepare",
    leaf_dtype: torch.dtype | None = None,
) -> Quantized:
    """A smaller, approximate copy of a model, and a report of what that costs.

    Blocks (linear maps, networks, kernel expansions, forests) are replaced; all else computes as before, in the model's
    dtype. The copy has the same methods, labels and encoding, and is exported and saved as any model.

    Args:
        model: a wrapped model, on a CPU.
        mode: ``"weight_only"``: matrices in int8, products in the model's dtype; ``"dynamic"``: products of int8
            matrices with rows that are rounded to int8 one by one; ``"static"``: the same with scales that are chosen
            once, from ``X``; ``"qat"``: rounds as ``dynamic`` does and can be trained; ``"float16"``, ``"bfloat16"``:
            matrices in these; ``"forest_ranks"``: trees over ranks of thresholds, which reach the same leaves.
        X: rows to calibrate and to compare on, as scikit-learn takes them.
        step: of ``"qat"``: ``"prepare"`` gives the model to train, ``"convert"`` makes a ``dynamic`` one of it.
        leaf_dtype: with ``"forest_ranks"``, ``torch.float32`` or ``torch.float16`` for the values of leaves, which then
            are rounded; by default they are kept.

    Returns:
        The model and its report: bytes before and after, and for each method on ``X`` the agreement of labels, the
        largest error and where it is, and the ratio of speeds on this machine (before to after).

    Raises:
        UnsupportedParameter: an unknown mode, no block that has a form in this mode (the message names the modes that
            apply), ``static`` without rows, or results on ``X`` that overflow.
        MissingDependency: torchao is not installed.
    """
    _check(model, mode, step, X, leaf_dtype)
    kind = "convert" if mode == "qat" and step == "convert" else mode
    applying = [m for m in modes_for(model) if m in MODES]
    if kind not in modes_for(model):
        raise UnsupportedParameter(_nothing(model, mode, step, applying))
    quantized = copy.deepcopy(model)
    if kind == "static":
        _replace(quantized, "layers", TorchaoNumbers({}))
        inputs = _recorded(quantized, [m for m in quantized.modules() if form_of(m, kind) is not None], X)
    else:
        inputs = {}
    n_blocks = _replace(quantized, kind, TorchaoNumbers(inputs, leaf_dtype))
    if n_blocks == 0:
        raise UnsupportedParameter(_nothing(model, mode, step, [m for m in applying if m != mode]))
    methods = ()
    if X is not None:
        methods = compare(runtime_of(model), runtime_of(quantized), X)
    _require_finite(quantized, methods, mode)
    title = type(model).__name__.removeprefix("Torch")
    return Quantized(
        quantized, QuantizationReport(mode, title, n_bytes(model), n_bytes(quantized), n_blocks, n_rows(X), methods)
    )


def n_bytes(model: nn.Module) -> int:
    """Bytes of all parameters and buffers."""
    tensors = itertools.chain(model.parameters(), model.buffers())
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _check(model: Any, mode: str, step: str, X: Any, leaf_dtype: torch.dtype | None) -> None:
    if not isinstance(model, TorchEstimator):
        raise TypeError(
            f"quantize: expected a wrapped model, got {type(model).__name__}; call sk2torch.wrap(estimator) first."
        )
    if mode not in MODES:
        raise UnsupportedParameter(f"quantize: unknown mode {mode!r}; use one of {', '.join(MODES)}.")
    if step not in _STEPS or (step == "convert" and mode != "qat"):
        raise UnsupportedParameter(
            f"quantize: unexpected step {step!r} with mode {mode!r}; 'convert' is the second step of 'qat'."
        )
    if leaf_dtype is not None and (mode != "forest_ranks" or leaf_dtype not in (torch.float32, torch.float16)):
        raise UnsupportedParameter(
            f"quantize: leaf_dtype is torch.float32 or torch.float16, with mode 'forest_ranks'; got {leaf_dtype} with "
            f"mode {mode!r}."
        )
    if mode == "static" and X is None:
        raise UnsupportedParameter(
            "quantize: mode 'static' chooses scales from calibration rows; give some as X, or use mode 'dynamic'."
        )


def _nothing(model: TorchEstimator, mode: str, step: str, applying: list[str]) -> str:
    """Why nothing of the model has a form in that mode; blocks that never will say why themselves."""
    if step == "convert":
        return "quantize: step 'convert' takes what step 'prepare' of mode 'qat' gave, and this model is none such."
    ways = f"modes that apply are {', '.join(applying)}" if applying else "no mode applies to it"
    name = type(model).__name__.removeprefix("Torch")
    parts = {type(module) for module in model.modules() if form_of(module, mode) is None}
    reasons = sorted({part.not_quantized for part in parts if hasattr(part, "not_quantized")})
    return f"quantize: {name} has nothing that mode {mode!r} makes smaller; {'; '.join([*reasons, ways])}."


def _replace(model: nn.Module, mode: str, numbers: TorchaoNumbers) -> int:
    """Put the forms in the places of blocks, in place; how many."""
    made: dict[int, nn.Module] = {}
    n_blocks = 0
    for name, child in list(model.named_children()):
        if id(child) not in made:
            form = form_of(child, mode)
            new = form.of(child, mode, numbers) if form is not None else None
            n_blocks += new is not None
            made[id(child)] = child if new is None else new
            n_blocks += _replace(made[id(child)], mode, numbers)
        setattr(model, name, made[id(child)])
    return n_blocks


def _recorded(model: TorchEstimator, blocks: list[nn.Module], X: Any) -> dict[int, Tensor]:
    """What each block is given while the model answers for ``X``: by its ``id``, float32."""
    found: dict[int, list[Tensor]] = {id(block): [] for block in blocks}

    def record(block: nn.Module, given: tuple[Tensor, ...]) -> None:
        if sum(map(len, found[id(block)])) < _MOST_ROWS:
            found[id(block)].append((given[0].to_dense() if given[0].is_sparse_csr else given[0]).detach().float())

    hooks = [block.register_forward_pre_hook(record) for block in blocks]
    runtime = runtime_of(model)
    try:
        with torch.no_grad():
            for method in methods_of(model):
                if METHODS[method].kind != "input":
                    list(runtime.answers(method, runtime.input_tensor(method, X), _MOST_ROWS))
    finally:
        for hook in hooks:
            hook.remove()
    return {key: torch.cat(rows)[:_MOST_ROWS] for key, rows in found.items() if rows}


def _require_finite(model: nn.Module, methods: tuple[MethodError, ...], mode: str) -> None:
    """Refuse what overflows in float16."""
    if mode not in ("float16", "forest_ranks"):
        return
    rounded = [tensor for tensor in model.buffers() if tensor.dtype == torch.float16]
    broken = [m for m in methods if m.max_error == np.inf]
    if broken or not all(bool(tensor.isfinite().all()) for tensor in rounded):
        what = f"{broken[0].method} of row {(broken[0].where or (0,))[0]}" if broken else "a weight"
        raise UnsupportedParameter(
            f"quantize: {what} is not finite in float16, which ends at 65504; use mode 'bfloat16', or scale the input."
        )
