"""``.onnx``: one graph of standard operators with an output per method, for ONNX Runtime on any device."""

import contextlib
import importlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.base import METHODS, ArtifactError, MissingDependency, TorchEstimator, method_module
from sk2torch.export import metadata
from sk2torch.export.exact_constants import exact_constants, exact_rules
from sk2torch.export.exporter_operators import known_operators
from sk2torch.export.onnx_properties import metadata_properties
from sk2torch.export.programs import dynamic_dims, example_input
from sk2torch.export.quiet import quiet_torch
from sk2torch.export.runtime import Runtime

INPUT_NAME = "X"
DEFAULT_OPSET = 18


def _require(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingDependency(f"ONNX needs the package {package!r}: pip install 'sk2torch[onnx]'.") from error


class _Outputs(nn.Module):
    """All requested methods of one input, as a dictionary by method."""

    def __init__(self, model: TorchEstimator, methods: list[str]) -> None:
        super().__init__()
        self.methods = methods
        self.views = nn.ModuleList(method_module(model, method) for method in methods)

    def forward(self, x: Tensor) -> dict[str, Any]:
        return {method: view(x) for method, view in zip(self.methods, self.views, strict=True)}


def _grouped_names(model: TorchEstimator, methods: list[str], program: torch.export.ExportedProgram) -> dict[str, Any]:
    tree = program.call_spec.out_spec
    results = torch.utils._pytree.tree_unflatten(range(tree.num_leaves), tree)
    counts = {m: len(r) if isinstance(r, (list, tuple)) else 1 for m, r in results.items()}
    return {method: metadata.output_names(model, method, counts[method]) for method in methods}


def write(model: TorchEstimator, path: Path, methods: list[str], opset_version: int = DEFAULT_OPSET) -> None:
    """Write the graph, checked by ``onnx.checker``.

    Args:
        model: the wrapped model.
        path: the file.
        methods: methods that become outputs; ``inverse_transform`` only on its own, as it takes another input.
        opset_version: ai.onnx opset, 18 or later.
    """
    onnx = _require("onnx")
    _require("onnxscript")
    if any(METHODS[m].kind == "input" for m in methods) and len(methods) > 1:
        raise ArtifactError(
            "inverse_transform takes another input than the other methods; export it to a file of its own."
        )
    x = example_input(model, methods[0])
    shapes = (dynamic_dims(model, methods[0]),)
    exact = exact_constants() if model.anchor.dtype == torch.float64 else contextlib.nullcontext()
    with quiet_torch(), exact, exact_rules(), known_operators():
        graph = torch.export.export(_Outputs(model, methods).eval(), (x,), dynamic_shapes=shapes)
        _name_sorts(graph)
        names = _grouped_names(model, methods, graph)
        program = torch.onnx.export(
            graph,
            dynamo=True,
            opset_version=opset_version,
            input_names=[INPUT_NAME],
            output_names=[name for group in names.values() for name in group],
            dynamic_shapes=shapes,
            verbose=False,
        )
    program.model.metadata_props[metadata.ENTRY] = metadata.dumps(metadata.describe(model, names))
    program.save(str(path))
    onnx.checker.check_model(str(path), full_check=True)


def _name_sorts(program: torch.export.ExportedProgram) -> None:
    """Make stable sorts plain ones: the exporter knows no others, and ONNX's keep the order of equal values."""
    for module in program.graph_module.modules():
        for node in module.graph.nodes if isinstance(module, torch.fx.GraphModule) else ():
            if node.target is torch.ops.aten.sort.stable:
                settings = {key: value for key, value in node.kwargs.items() if key != "stable"}
                node.target, node.kwargs = torch.ops.aten.sort.default, settings


def metadata_text(path: Path) -> str | None:
    """What the file says about itself; needs no package, and reads no graph."""
    return metadata_properties(path, metadata.MAX_BYTES).get(metadata.ENTRY)


def load(path: Path) -> Runtime:
    """The runtime of an ``.onnx`` file, on ONNX Runtime's CPU provider."""
    onnxruntime = _require("onnxruntime")
    try:
        # This optimizer turns `scalar * (a @ b)` into a product with a factor in single precision.
        session = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], disabled_optimizers=["MatMulScaleFusion"]
        )
    except Exception as error:
        # ONNX Runtime's errors have no public base class.
        raise ArtifactError(f"{str(path)!r} is not an ONNX file, or is damaged: {str(error)[:200]}") from error
    described = metadata.parse(session.get_modelmeta().custom_metadata_map.get(metadata.ENTRY), path)
    outputs: dict[str, list[str]] = described["methods"]

    def call(method: str, x: Tensor) -> Any:
        results = [torch.from_numpy(r) for r in session.run(outputs[method], {INPUT_NAME: x.numpy()})]
        if METHODS[method].results:
            return tuple(results)
        return results if len(results) > 1 else results[0]

    encoding = metadata.encoding_of(described)
    return Runtime(
        call=call,
        methods=list(outputs),
        encoding=encoding,
        decoding=metadata.decoding_of(described, encoding),
        like=metadata.input_like(described),
        couples_rows=described.get("couples_rows", False),
        dense_width=None,
    )
