"""``.onnx`` files in int8, by ONNX Runtime's quantizers."""

import contextlib
import importlib
import logging
import tempfile
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sk2torch.base import ArtifactError, MissingDependency
from sk2torch.export import Runtime, load_runtime, read_metadata
from sk2torch.export.files import moved_into_place
from sk2torch.export.onnx import INPUT_NAME
from sk2torch.export.onnx_feeds import table_feeds
from sk2torch.quantization.report import QuantizationReport, compare, n_rows

ONNX_MODES = ("dynamic", "static")
# Rows that calibration runs at a time, and at most.
_BATCH, _MOST_ROWS = 256, 4096


def quantize_onnx(
    source: "str | PathLike[str]", target: "str | PathLike[str]", mode: str = "dynamic", X: Any = None
) -> QuantizationReport:
    """Write an ONNX file whose products of matrices are in int8.

    ``dynamic`` stores weights in int8 and finds the scales of their inputs anew for each batch; ``static`` finds them
    once, on ``X``, and writes pairs of QuantizeLinear and DequantizeLinear.

    Args:
        source: an ``.onnx`` file of ``sk2torch.export``, of a model in float32.
        target: the file to write, which ends in ``.onnx``; in full or not at all.
        mode: ``"dynamic"`` or ``"static"``.
        X: rows to calibrate and to compare on, as scikit-learn takes them.

    Returns:
        The report: bytes of the files, and for each method errors and speed in ONNX Runtime on ``X``.

    Raises:
        ArtifactError: a model in float64, of which ONNX Runtime quantizes nothing; a graph without products of
            matrices; ``static`` without rows; another mode or suffix.
        MissingDependency: onnxruntime is not installed.
    """
    source, target = Path(source), Path(target)
    _check(source, target, mode, X)
    before = load_runtime(source)
    with tempfile.TemporaryDirectory() as folder, moved_into_place(target) as place, _quiet():
        prepared = Path(folder) / "prepared.onnx"
        n_before = _prepare(source, prepared)
        _run(prepared, place, mode, before, X)
        if _counts(place) == n_before:
            raise ArtifactError(
                f"{source.name!r} has no product with a constant matrix that ONNX Runtime quantizes; for trees use "
                "sk2torch.quantize(model, 'forest_ranks') before the export."
            )
    after = load_runtime(target)
    methods = () if X is None else compare(before, after, X)
    sizes = source.stat().st_size, target.stat().st_size
    return QuantizationReport(f"onnx {mode}", source.name, *sizes, None, n_rows(X), methods)


def _check(source: Path, target: Path, mode: str, X: Any) -> None:
    if mode not in ONNX_MODES:
        raise ArtifactError(f"quantize_onnx: unknown mode {mode!r}; use one of {', '.join(ONNX_MODES)}.")
    if source.suffix != ".onnx" or target.suffix != ".onnx":
        raise ArtifactError(f"quantize_onnx: expected paths that end in .onnx, got {source.name!r}, {target.name!r}.")
    dtype = read_metadata(source)["dtype"]
    if dtype != "float32":
        raise ArtifactError(
            f"quantize_onnx: ONNX Runtime quantizes graphs in float32, and {source.name!r} computes in {dtype}; export "
            "sk2torch.wrap(estimator, dtype=torch.float32)."
        )
    if mode == "static" and X is None:
        raise ArtifactError("quantize_onnx: mode 'static' needs rows to calibrate on; give some as X.")


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependency(f"ONNX needs the package {error.name!r}: pip install 'sk2torch[onnx]'.") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide ONNX Runtime's advice to do what is done."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)


def _counts(path: Path) -> int:
    """How many nodes a graph has."""
    return len(_package("onnx").load(str(path), load_external_data=False).graph.node)


def _prepare(source: Path, prepared: Path) -> int:
    """Inferred shapes, and affine maps as products and sums, which is what the quantizers look for; the nodes then."""
    _package("onnxruntime.quantization.shape_inference").quant_pre_process(
        str(source), str(prepared), skip_symbolic_shape=True
    )
    onnx = _package("onnx")
    loaded = onnx.load(str(prepared))
    _own_matrices(loaded.graph)
    model = _package("onnxruntime.quantization.onnx_model").ONNXModel(loaded)
    model.replace_gemm_with_matmul()
    # Matrices that it has transposed still have their old shape there.
    del model.model.graph.value_info[:]
    model.model.metadata_props.MergeFrom(
        p for p in onnx.load(str(source)).metadata_props if p.key not in {q.key for q in model.model.metadata_props}
    )
    onnx.save(model.model, str(prepared))
    return _counts(prepared)


def _own_matrices(graph: Any) -> None:
    """Give each Gemm a matrix of its own: ONNX Runtime transposes it in place, whoever else multiplies with it."""
    matrices = {tensor.name: tensor for tensor in graph.initializer}
    for k, node in enumerate(node for node in graph.node if node.op_type == "Gemm"):
        if node.input[1] in matrices:
            own = graph.initializer.add()
            own.CopyFrom(matrices[node.input[1]])
            own.name = node.input[1] = f"{own.name}_of_gemm_{k}"
    used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    for name in set(matrices) - used - _named_in_subgraphs(graph):
        graph.initializer.remove(matrices[name])


def _named_in_subgraphs(graph: Any) -> set[str]:
    """Values that nodes of inner graphs take."""
    inner = [a.g for node in graph.node for a in node.attribute if a.HasField("g")]
    names = {name for g in inner for node in g.node for name in node.input} | {o.name for g in inner for o in g.output}
    return names.union(*(_named_in_subgraphs(g) for g in inner))


def _run(prepared: Path, place: Path, mode: str, runtime: Runtime, X: Any) -> None:
    quantization = _package("onnxruntime.quantization")
    # Of tensors whose type inference does not tell; files in another dtype are refused.
    options = {"DefaultTensorType": _package("onnx").TensorProto.FLOAT}
    chosen: dict[str, Any] = {"per_channel": True, "op_types_to_quantize": ["MatMul"], "extra_options": options}
    if mode == "dynamic":
        quantization.quantize_dynamic(str(prepared), str(place), **chosen)
        return

    class Rows(quantization.CalibrationDataReader):
        """Batches of the calibration rows."""

        def __init__(self) -> None:
            x = runtime.encoding.to_tensor(X, runtime.like)[:_MOST_ROWS]
            names = read_metadata(prepared).get("table")
            self.feeds = (
                {INPUT_NAME: part.numpy()} if names is None else table_feeds(part, runtime.encoding, names)
                for part in (x.to_dense() if x.is_sparse_csr else x).split(_BATCH)
            )

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.feeds, None)

    layout = quantization.QuantFormat.QDQ
    quantization.quantize_static(str(prepared), str(place), Rows(), quant_format=layout, **chosen)
