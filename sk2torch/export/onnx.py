"""``.onnx``: one graph of standard operators with an output per method, for ONNX Runtime on any device."""

import contextlib
import importlib
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from sk2torch.base import METHODS, ArtifactError, MissingDependency, TorchEstimator, method_module
from sk2torch.export import metadata
from sk2torch.export.exact_constants import exact_constants, exact_rules
from sk2torch.export.exporter_operators import known_operators, more_translations
from sk2torch.export.onnx_feeds import label_indices, table_feeds
from sk2torch.export.onnx_properties import metadata_properties
from sk2torch.export.onnx_session import open_session
from sk2torch.export.onnx_storage import require_data, save
from sk2torch.export.programs import dynamic_dims, example_input, graph_forms
from sk2torch.export.quiet import quiet_torch
from sk2torch.export.runtime import Runtime, couples_rows, result_of
from sk2torch.export.tree_ensemble import place_trees, translations
from sk2torch.export.wide_sections import bound_memory
from sk2torch.ops.forest import exported_operators

INPUT_NAME = "X"
DEFAULT_OPSET = 18
Trees = Literal["standard", "TreeEnsemble"]


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


def write(
    model: TorchEstimator,
    path: Path,
    methods: list[str],
    opset_version: int = DEFAULT_OPSET,
    table: bool | None = None,
    trees: Trees = "standard",
    blocks: bool = False,
) -> None:
    """Write the graph, checked by ``onnx.checker``.

    Args:
        model: the wrapped model.
        path: the file; numbers beyond 1.5 GiB go to a second one beside it.
        methods: methods that become outputs; ``inverse_transform`` only on its own, as it takes another input.
        opset_version: ai.onnx opset: 18, which every ONNX Runtime that we support runs, or later.
        table: whether the graph takes the raw table, one input a column where some hold words, and gives labels that
            are words (by LabelEncoder of ai.onnx.ml); else what ``encode`` gives, and indices of labels. None: where it
            can.
        trees: ``"standard"`` writes trees with operators of ai.onnx, which run on any device; ``"TreeEnsemble"`` with
            the operator of that name of ai.onnx.ml 5, which ONNX Runtime has for CPUs, where it is many times faster.
        blocks: whether parts with wide rows, such as kernels between the rows and all support vectors, become loops
            over blocks of rows, which bounds memory for large batches; compare such a file with its model on many rows.
            Each such part costs a call two microseconds, and up to eight rows of a support vector machine gain five.

    Raises:
        ArtifactError: ``inverse_transform`` among others, a table that a graph cannot take, or an opset that cannot be
            written or run.
    """
    if trees not in get_args(Trees):
        raise ArtifactError(f"export: expected trees to be one of {get_args(Trees)}, got {trees!r}.")
    onnx = _require("onnx")
    _require("onnxscript")
    _require_opset(opset_version)
    if any(METHODS[m].kind == "input" for m in methods) and len(methods) > 1:
        raise ArtifactError(
            "inverse_transform takes another input than the other methods; export it to a file of its own."
        )
    takes_table = _takes_table(model, methods, table)
    program, names = _program(model, methods, opset_version, trees)
    if trees == "TreeEnsemble":
        place_trees(program)
    importlib.import_module("sk2torch.export.lean_graph").make_lean(program)
    if blocks and not couples_rows(model) and not any(METHODS[m].is_joint for m in methods):
        bound_memory(program)
    described = {**metadata.describe(model, names), "trees": trees}
    if takes_table:
        described["table"] = _onnx_table().with_table(program, model, names)
    save(program, path, described)
    onnx.checker.check_model(str(path), full_check=True)
    if opset_version != DEFAULT_OPSET:
        _require_runs(path, opset_version)


def _require_opset(version: int) -> None:
    converter: Any = importlib.import_module("onnxscript.version_converter._version_converter")
    # Beyond it, graphs are converted by a program that knows only a part of them.
    last = getattr(converter, "SUPPORTED_MAX_ONNX_OPSET", DEFAULT_OPSET)
    if not DEFAULT_OPSET <= version <= last:
        raise ArtifactError(f"export: expected opset_version from {DEFAULT_OPSET} to {last}, got {version}.")


def _require_runs(path: Path, version: int) -> None:
    try:
        open_session(path)
    except ArtifactError as error:
        raise ArtifactError(f"this ONNX Runtime does not run opset_version={version}; choose a lower one.") from error


def _onnx_table() -> Any:
    # Imports onnx_ir.
    return importlib.import_module("sk2torch.export.onnx_table")


def _takes_table(model: TorchEstimator, methods: list[str], wanted: bool | None) -> bool:
    """Whether the graph takes the raw table: as wanted, or where it can.

    Raises:
        ArtifactError: it is wanted, and cannot be.
    """
    reason = _onnx_table().obstacle(model, methods)
    if wanted and reason is not None:
        raise ArtifactError(
            f"the graph cannot take the table: {reason}; export with table=False, and feed what encode gives."
        )
    return wanted is not False and reason is None


def _program(
    model: TorchEstimator, methods: list[str], opset_version: int, trees: Trees
) -> tuple[Any, dict[str, list[str]]]:
    """The graph that takes the tensor as an ``onnx_ir`` model, and the names of each method's outputs."""
    x = example_input(model, methods[0])
    shapes = (dynamic_dims(model, methods[0]),)
    exact = exact_constants() if model.anchor.dtype == torch.float64 else contextlib.nullcontext()
    is_kept = trees == "TreeEnsemble"
    kept = exported_operators() if is_kept else contextlib.nullcontext()
    with quiet_torch(), exact, exact_rules(), known_operators(), kept, graph_forms(model):
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
            custom_translation_table={**more_translations(), **(translations() if is_kept else {})},
        )
    return program.model, names


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


def load(path: Path, **options: Any) -> Runtime:
    """The runtime of an ``.onnx`` file; ``options`` are those of ``open_session``.

    Raises:
        ArtifactError: it is no such file, is damaged, or misses the file with its numbers.
    """
    described = metadata.parse(metadata_text(path), path)
    require_data(path, described)
    session = open_session(path, **options)
    outputs: dict[str, list[str]] = described["methods"]
    encoding = metadata.encoding_of(described)
    decoding = metadata.decoding_of(described, encoding)
    columns = described.get("table")

    def call(method: str, x: Tensor) -> Any:
        feeds = {INPUT_NAME: x.numpy()} if columns is None else table_feeds(x, encoding, columns)
        found = session.run(outputs[method], feeds)
        results = [label_indices(r, decoding.classes) if r.dtype == object else torch.from_numpy(r) for r in found]
        return result_of(method, results)

    return Runtime(
        call=call,
        methods=list(outputs),
        encoding=encoding,
        decoding=decoding,
        like=metadata.input_like(described),
        couples_rows=described.get("couples_rows", False),
        dense_width=None,
    )
