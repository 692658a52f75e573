"""Exported programs: a method as a graph with a dynamic batch dimension."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from sk2torch.base import ANY_WIDTH, METHODS, TorchEstimator, method_module

# torch.export specialises sizes 0 and 1.
EXAMPLE_ROWS = 2


def _result_shape(model: TorchEstimator) -> list[int]:
    # Traced, not run: an encoder would refuse example values outside of its categories.
    program = exported(model, "transform")
    (result,) = program.graph_signature.user_outputs
    shape = next(node.meta["val"].shape for node in program.graph.nodes if node.name == result)
    # Without the batch; a label encoder's is a vector.
    return [int(size) for size in shape[1:]]


def example_input(model: TorchEstimator, method: str) -> Tensor:
    """Zeros of the shape and dtype that ``method`` takes."""
    if METHODS[method].kind == "input":
        return model.anchor.new_zeros(EXAMPLE_ROWS, *_result_shape(model))
    if model.encoding.n_dims == 1:
        return model.anchor.new_zeros(EXAMPLE_ROWS)
    width = EXAMPLE_ROWS if model.n_features_in == ANY_WIDTH else model.n_features_in
    return model.anchor.new_zeros(EXAMPLE_ROWS, width)


def dynamic_dims(model: TorchEstimator, method: str) -> dict[int, torch.export.Dim]:
    """The dynamic dimensions of ``method``'s input: the batch, and the width where any will do."""
    dims = {0: torch.export.Dim("batch")}
    if model.n_features_in == ANY_WIDTH and model.encoding.n_dims == 2 and METHODS[method].kind != "input":
        dims[1] = torch.export.Dim("features")
    return dims


@contextlib.contextmanager
def graph_forms(model: nn.Module) -> Iterator[None]:
    """While it lasts, estimators have their ``graph_form`` as the part ``form``."""
    forms = [(part, part.graph_form()) for part in model.modules() if isinstance(part, TorchEstimator)]
    held = [(part, form) for part, form in forms if form is not None]
    try:
        for part, form in held:
            part.form = form
        yield
    finally:
        for part, _ in held:
            del part.form


def exported(model: TorchEstimator, method: str) -> torch.export.ExportedProgram:
    """``model.method`` as an exported program."""
    x = example_input(model, method)
    view = method_module(model, method)
    with graph_forms(view):
        program = torch.export.export(view, (x,), dynamic_shapes=(dynamic_dims(model, method),))
    # Lines of source and paths of this machine, most of a small file.
    for module in program.graph_module.modules():
        for node in module.graph.nodes if isinstance(module, torch.fx.GraphModule) else ():
            node.meta.pop("stack_trace", None)
    return program
