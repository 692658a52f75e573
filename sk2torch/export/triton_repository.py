"""A model repository for NVIDIA Triton Inference Server: ``config.pbtxt`` beside ``1/model.onnx`` or ``1/model.pt``."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sk2torch.base import METHODS, ArtifactError, TorchEstimator, method_module
from sk2torch.base.decoding import output_decoding
from sk2torch.base.labels import is_numeric
from sk2torch.export import metadata, onnx
from sk2torch.export.programs import exported
from sk2torch.export.quiet import quiet_torch
from sk2torch.export.runtime import couples_rows
from sk2torch.export.torchscript import OUTPUT, script
from sk2torch.export.triton_schema import KINDS, config_text

_LABELS = "labels.txt"
_TYPES = {
    torch.bool: "TYPE_BOOL",
    torch.int32: "TYPE_INT32",
    torch.int64: "TYPE_INT64",
    torch.float16: "TYPE_FP16",
    torch.bfloat16: "TYPE_BF16",
    torch.float32: "TYPE_FP32",
    torch.float64: "TYPE_FP64",
}
# What ONNX calls them, where its name is another than the server's.
_ONNX_TYPES = {"FLOAT": "TYPE_FP32", "DOUBLE": "TYPE_FP64", "FLOAT16": "TYPE_FP16", "BFLOAT16": "TYPE_BF16"}


@dataclass(frozen=True)
class _Port:
    """An input or output: its name, the server's type, and its sizes, where a string is one that varies."""

    name: str
    data_type: str
    shape: list[int | str]


def write(
    model: TorchEstimator,
    path: Path,
    methods: list[str],
    backend: str = "onnx",
    max_batch_size: int = 1024,
    max_queue_delay_microseconds: int = 100,
    instance_kind: str = "auto",
    instance_count: int = 1,
    **options: Any,
) -> None:
    """Write the folder of one model; its name is the model's.

    Args:
        model: the wrapped model.
        path: the folder, new.
        methods: methods that become outputs of one model, as in ``.onnx``.
        backend: ``onnx`` for ONNX Runtime, with outputs named as in an ``.onnx`` file, or ``pytorch`` for
            TorchScript, where they are ``OUTPUT__0`` and so on; the parameter ``sk2torch.methods`` says which is which.
        max_batch_size: the most rows that the server puts together; 0 where it is to put none together, and
            shapes then have the rows as their first dimension.
        max_queue_delay_microseconds: how long a request waits for others.
        instance_kind: ``auto``, ``cpu`` or ``gpu``.
        instance_count: copies of the model.
        **options: of ``.onnx``, for that back end. The server takes words as ``TYPE_STRING``, an input a column, and
            gives labels as such, where an ``.onnx`` file would; with ``table=False``, codes and indices.

    Raises:
        ArtifactError: an unknown option, or a method that cannot answer requests put together.
    """
    kind = f"KIND_{instance_kind.upper()}"
    if backend not in _WRITERS or kind not in KINDS or kind == "KIND_MODEL":
        raise ArtifactError(
            f"triton: expected backend 'onnx' or 'pytorch' and instance_kind 'auto', 'cpu' or 'gpu'; "
            f"got {backend!r} and {instance_kind!r}."
        )
    if max_batch_size < 0 or max_queue_delay_microseconds < 0 or instance_count < 1:
        raise ArtifactError("triton: sizes, delays and counts are not negative, and there is at least one instance.")
    version = path / "1"
    version.mkdir(parents=True)
    inputs, outputs, names = _WRITERS[backend](model, version, methods, options)
    if max_batch_size:
        _require_rows(model, inputs, outputs)
    fields: dict[str, Any] = {
        "name": path.name,
        "backend": {"onnx": "onnxruntime", "pytorch": "pytorch"}[backend],
        "max_batch_size": max_batch_size,
        "input": [_described(port, max_batch_size) for port in inputs],
        "output": [_described(port, max_batch_size) for port in outputs],
        "instance_group": [{"count": instance_count, "kind": kind}],
        "parameters": _parameters(model, names, outputs),
    }
    if max_batch_size:
        fields["dynamic_batching"] = {"max_queue_delay_microseconds": max_queue_delay_microseconds}
    if backend == "onnx":
        # Basic ones only: an extended one multiplies by factors in single precision.
        fields["optimization"] = {"graph": {"level": -1}}
    _write_labels(
        model, path, fields["output"], [n for m in methods if METHODS[m].kind == "probabilities" for n in names[m]]
    )
    (path / "config.pbtxt").write_text(config_text(fields), encoding="utf-8")


def _described(port: _Port, max_batch_size: int) -> dict[str, Any]:
    # The server adds the dimension along which it puts requests together.
    sizes = [-1 if isinstance(size, str) else size for size in port.shape[1 if max_batch_size else 0 :]]
    field: dict[str, Any] = {"name": port.name, "data_type": port.data_type, "dims": sizes or [1]}
    # The server knows no vectors of one number per row: it takes a column for them.
    return field if sizes else {**field, "reshape": {"shape": []}}


def _require_rows(model: TorchEstimator, inputs: list[_Port], outputs: list[_Port]) -> None:
    rows = inputs[0].shape[0]
    other = [port.name for port in outputs if not port.shape or port.shape[0] != rows]
    if other or couples_rows(model):
        what = f"{', '.join(other)} have no row per row" if other else "the model answers for its rows together"
        raise ArtifactError(
            f"triton: {what}, so requests cannot be put together; choose other methods or pass max_batch_size=0."
        )


def _write_labels(model: TorchEstimator, path: Path, outputs: list[dict[str, Any]], names: list[str]) -> None:
    """A file with a line per class, and its name in those outputs among ``names`` that have a column per class."""
    classes = output_decoding(model).classes
    if classes is None or isinstance(classes, list):
        return
    labels = [str(name) for name in classes.tolist()]
    scored = [output for output in outputs if output["name"] in names and output["dims"][-1] == len(labels)]
    if not scored or any("\n" in label or "\r" in label for label in labels):
        return
    (path / _LABELS).write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
    for output in scored:
        output["label_filename"] = _LABELS


def _parameters(model: TorchEstimator, names: dict[str, list[str]], outputs: list[_Port]) -> dict[str, Any]:
    about = metadata.describe(model, names)
    values = {"methods": names, "versions": about["versions"], "module": about["module"]}
    classes = output_decoding(model).classes
    if classes is not None:
        each = classes if isinstance(classes, list) else [classes]
        lists = [[c if isinstance(c, (str, bool, int, float)) else str(c) for c in one.tolist()] for one in each]
        values["classes"] = lists if isinstance(classes, list) else lists[0]
        # Numbers are their own label, and words where the graph gives them; all else is known by its index.
        gives_words = any(port.data_type == "TYPE_STRING" for port in outputs)
        values["labels"] = "values" if gives_words or all(map(is_numeric, each)) else "indices"
    return {f"sk2torch.{key}": {"string_value": json.dumps(value)} for key, value in values.items()}


def _write_onnx(
    model: TorchEstimator, folder: Path, methods: list[str], options: dict[str, Any]
) -> tuple[list[_Port], list[_Port], dict[str, list[str]]]:
    onnx.write(model, folder / "model.onnx", methods, **options)
    import onnx as package

    proto = package.load(str(folder / "model.onnx"), load_external_data=False)
    stored = {entry.key: entry.value for entry in proto.metadata_props}
    names = metadata.parse(stored[metadata.ENTRY], folder)["methods"]

    def port(value: Any) -> _Port:
        tensor = value.type.tensor_type
        name = package.TensorProto.DataType.Name(tensor.elem_type)
        shape = [d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in tensor.shape.dim]
        return _Port(value.name, _ONNX_TYPES.get(name, f"TYPE_{name}"), shape)

    return [port(value) for value in proto.graph.input], [port(value) for value in proto.graph.output], names


class _Holder(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model


def _write_torchscript(
    model: TorchEstimator, folder: Path, methods: list[str], options: dict[str, Any]
) -> tuple[list[_Port], list[_Port], dict[str, list[str]]]:
    if options:
        raise ArtifactError(f"triton: the back end 'pytorch' takes no option {sorted(options)}; they are of 'onnx'.")
    if any(METHODS[m].kind == "input" for m in methods) and len(methods) > 1:
        raise ArtifactError("inverse_transform takes another input than the other methods; export it on its own.")
    inputs: list[_Port] = []
    outputs: list[_Port] = []
    names: dict[str, list[str]] = {}
    results = []
    for k, method in enumerate(methods):
        program = exported(model, method)
        nodes = {node.name: node.meta["val"] for node in program.graph.nodes if "val" in node.meta}
        if not inputs:
            inputs = [_port("INPUT__0", nodes[program.graph_signature.user_inputs[0]])]
        parts = program.graph_signature.user_outputs
        names[method] = [f"{OUTPUT}{len(outputs) + i}" for i in range(len(parts))]
        outputs += [_port(name, nodes[part]) for name, part in zip(names[method], parts, strict=True)]
        is_single = program.call_spec.out_spec.num_leaves == 1 and program.call_spec.out_spec.is_leaf()
        results += [f"r{k}"] if is_single else [f"r{k}[{i}]" for i in range(len(parts))]
    calls = "".join(f"    r{k} = self.model.{method}(x)\n" for k, method in enumerate(methods))
    with quiet_torch():
        # A class of its own: TorchScript shares code among modules of a class, and this one's depends on the methods.
        module = script(type("Ports", (_Holder,), {})(method_module(model, methods[0])))
        module.define(f"def forward(self, x: Tensor):\n{calls}    return ({', '.join(results)},)\n")
        text = metadata.dumps(metadata.describe(model, names))
        torch.jit.save(module, folder / "model.pt", _extra_files={metadata.ENTRY: text})
    return inputs, outputs, names


def _port(name: str, value: torch.Tensor) -> _Port:
    return _Port(name, _TYPES[value.dtype], [size if isinstance(size, int) else str(size) for size in value.shape])


_WRITERS = {"onnx": _write_onnx, "pytorch": _write_torchscript}
