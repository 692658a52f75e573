"""sk2torch, in each of its modes. Every call begins with a table and ends with numpy arrays."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from torch import Tensor

import sk2torch
from sk2torch.export.programs import exported
from sk2torch.export.quiet import quiet_torch
from sk2torch.export.runtime import runtime_of

from .interface import Call, Converted, Question, is_numeric_table

# Rows at a time of an input that is sparse, and dense for modes that take nothing else.
DENSE_ROWS = 4096
# The same for an ONNX graph: as many numbers as stay in a processor's cache.
BLOCK_CELLS = 2**18


def _numpy(result: Any) -> Any:
    if isinstance(result, (list, tuple)):
        return [part.numpy() for part in result]
    return result.numpy()


def _calls(
    model: Any, question: Question, functions: dict[str, Callable[[Tensor], Any]], takes_sparse: bool
) -> dict[str, Call]:
    """Calls from tables: numbers as they are, all else through the model's encoding."""
    if is_numeric_table(question.X):
        # Modules take any dtype; the others are made for float64, which the numbers are.
        return {m: lambda X, f=f: _numpy(f(torch.from_numpy(X))) for m, f in functions.items()}
    runtime = runtime_of(model)

    def call(method: str, X: Any) -> Any:
        x = runtime.input_tensor(method, X)
        if not x.is_sparse_csr or takes_sparse:
            return _numpy(functions[method](x))
        rows = range(0, x.shape[0], DENSE_ROWS)
        blocks = [functions[method](_dense_rows(x, k, min(k + DENSE_ROWS, x.shape[0]))) for k in rows]
        return torch.cat(blocks).numpy()

    return {m: lambda X, m=m: call(m, X) for m in functions}


def _dense_rows(x: Tensor, start: int, stop: int) -> Tensor:
    """Rows of a CSR tensor, dense."""
    crow = x.crow_indices()[start : stop + 1]
    cells = slice(int(crow[0]), int(crow[-1]))
    shape = (stop - start, x.shape[1])
    return torch.sparse_csr_tensor(crow - crow[0], x.col_indices()[cells], x.values()[cells], shape).to_dense()


def _methods(model: Any, question: Question) -> list[str]:
    return [m for m in question.methods if hasattr(model, m)]


def eager(question: Question) -> Converted:
    """The module as ``wrap`` gives it."""
    model = sk2torch.wrap(question.estimator)
    functions = {m: getattr(model, m) for m in _methods(model, question)}
    size = sum(t.numel() * t.element_size() for t in model.state_dict().values())
    return Converted(_calls(model, question, functions, takes_sparse=True), size, note="size of its tensors")


def float32(question: Question) -> Converted:
    """The module in single precision."""
    model = sk2torch.wrap(question.estimator).float()
    functions = {m: getattr(model, m) for m in _methods(model, question)}
    size = sum(t.numel() * t.element_size() for t in model.state_dict().values())
    return Converted(_calls(model, question, functions, takes_sparse=True), size, note="float32")


def _saved(question: Question, suffix: str) -> tuple[Any, Path]:
    model = sk2torch.wrap(question.estimator)
    path = Path(tempfile.mkdtemp(prefix="sk2torch-bench-")) / f"model{suffix}"
    # As for large batches on a CPU, from what ``encode`` gives.
    options = {"trees": "TreeEnsemble", "table": False, "blocks": True} if suffix == ".onnx" else {}
    sk2torch.export(model, path, None if suffix == ".pt" else _methods(model, question), **options)
    return model, path


def script(question: Question) -> Converted:
    """The ``.pt`` file, loaded."""
    model, path = _saved(question, ".pt")
    with quiet_torch():
        module = torch.jit.load(path)
    # Not getattr: every loaded module has torch's own method `apply`.
    functions = {m: module._c._get_method(m) for m in _methods(model, question)}
    return Converted(_calls(model, question, functions, takes_sparse=True), path.stat().st_size)


def compiled(question: Question) -> Converted:
    """``sk2torch.compile``; compiles at the first call."""
    torch.compiler.reset()
    model = sk2torch.wrap(question.estimator)
    view = sk2torch.compile(model)
    # Each method is compiled by itself: the timed one only.
    functions = {m: getattr(view, m) for m in _methods(model, question)[:1]}
    return Converted(_calls(model, question, functions, takes_sparse=False), note="compiles at its first call")


def ahead_of_time(question: Question) -> Converted:
    """AOTInductor: the timed method as a shared library in a package."""
    model = sk2torch.wrap(question.estimator)
    method = question.methods[0]
    path = Path(tempfile.mkdtemp(prefix="sk2torch-bench-")) / "model.pt2"
    with quiet_torch():
        program = exported(model, method)
        torch._inductor.aoti_compile_and_package(program, package_path=str(path))
        runner = torch._inductor.aoti_load_package(str(path))
    return Converted(_calls(model, question, {method: runner}, takes_sparse=False), path.stat().st_size)


def onnx(question: Question) -> Converted:
    """The ``.onnx`` file in ONNX Runtime."""
    import onnxruntime

    model, path = _saved(question, ".onnx")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = question.threads
    session = onnxruntime.InferenceSession(
        str(path), settings, providers=["CPUExecutionProvider"], disabled_optimizers=["MatMulScaleFusion"]
    )
    described = json.loads(session.get_modelmeta().custom_metadata_map["sk2torch.json"])
    functions = {m: _graph_function(session, names) for m, names in described["methods"].items()}
    graph_calls = {m: _graph_call(session, names) for m, names in described["methods"].items()}
    if is_numeric_table(question.X):
        # Straight from numpy, as a user of ONNX Runtime would.
        calls = graph_calls
    elif issparse(question.X):
        calls = {m: lambda X, call=call: _dense_call(call, X) for m, call in graph_calls.items()}
    else:
        calls = _calls(model, question, functions, takes_sparse=False)
    return Converted(calls, path.stat().st_size)


def _dense_call(call: Call, X: Any) -> Any:
    """The answers of a graph, which takes dense rows, for sparse ones: many a block at a time, in the same memory."""
    rows = max(1, BLOCK_CELLS // X.shape[1])
    if X.shape[0] <= rows:
        return call(X.toarray().astype(np.float64, copy=False))
    numbers = X.astype(np.float64)
    block = np.empty((rows, X.shape[1]))
    results = []
    for start in range(0, X.shape[0], rows):
        part = numbers[start : start + rows]
        dense = block[: part.shape[0]]
        part.toarray(out=dense)
        results.append(call(dense))
    return np.concatenate(results)


def _graph_call(session: Any, names: list[str]) -> Call:
    def call(X: Any) -> Any:
        results = session.run(names, {"X": X})
        return results if len(results) > 1 else results[0]

    return call


def _graph_function(session: Any, names: list[str]) -> Callable[[Tensor], Any]:
    call = _graph_call(session, names)

    def function(x: Tensor) -> Any:
        results = call(x.numpy())
        return tuple(map(torch.from_numpy, results)) if isinstance(results, list) else torch.from_numpy(results)

    return function
