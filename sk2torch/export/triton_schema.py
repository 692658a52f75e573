"""The part of NVIDIA Triton's model configuration that we write, as protobuf messages.

Names and numbers of the fields are those that the server reads.
"""

import functools
from typing import Any

from sk2torch.base import MissingDependency

_PACKAGE = "sk2torch.triton"

# Of torch's and ONNX's dtypes that results and inputs have.
DATA_TYPES = {
    "TYPE_INVALID": 0,
    "TYPE_BOOL": 1,
    "TYPE_INT8": 6,
    "TYPE_INT16": 7,
    "TYPE_INT32": 8,
    "TYPE_INT64": 9,
    "TYPE_FP16": 10,
    "TYPE_FP32": 11,
    "TYPE_FP64": 12,
    "TYPE_STRING": 13,
    "TYPE_BF16": 14,
}
KINDS = {"KIND_AUTO": 0, "KIND_GPU": 1, "KIND_CPU": 2, "KIND_MODEL": 3}

# Message, then each field: number, name, type; * where it repeats.
_MESSAGES = {
    "Reshape": [(1, "shape", "int64*")],
    "Input": [(1, "name", "string"), (2, "data_type", "DataType"), (4, "dims", "int64*"), (5, "reshape", "Reshape")],
    "Output": [
        (1, "name", "string"),
        (2, "data_type", "DataType"),
        (3, "dims", "int64*"),
        (4, "label_filename", "string"),
        (5, "reshape", "Reshape"),
    ],
    "InstanceGroup": [(2, "count", "int32"), (4, "kind", "Kind")],
    "DynamicBatching": [(1, "preferred_batch_size", "int32*"), (2, "max_queue_delay_microseconds", "uint64")],
    "Graph": [(1, "level", "int32")],
    "Optimization": [(1, "graph", "Graph")],
    "Parameter": [(1, "string_value", "string")],
    "ModelConfig": [
        (1, "name", "string"),
        (17, "backend", "string"),
        (4, "max_batch_size", "int32"),
        (5, "input", "Input*"),
        (6, "output", "Output*"),
        (7, "instance_group", "InstanceGroup*"),
        (11, "dynamic_batching", "DynamicBatching"),
        (12, "optimization", "Optimization"),
        (14, "parameters", "ParametersEntry*"),
    ],
}


@functools.cache
def _config_class() -> Any:
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError as error:
        raise MissingDependency("a Triton repository needs protobuf: pip install 'sk2torch[onnx]'.") from error
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="sk2torch_triton.proto", package=_PACKAGE, syntax="proto3")
    for enum, values in {"DataType": DATA_TYPES, "Kind": KINDS}.items():
        entry = file.enum_type.add(name=enum)
        for name, number in values.items():
            entry.value.add(name=name, number=number)

    def add_field(message: Any, number: int, name: str, kind: str) -> None:
        field = message.field.add(name=name, number=number)
        field.label = kinds.LABEL_REPEATED if kind.endswith("*") else kinds.LABEL_OPTIONAL
        kind = kind.removesuffix("*")
        scalar = getattr(kinds, f"TYPE_{kind.upper()}") if kind[0].islower() else None
        if scalar is not None:
            field.type = scalar
            return
        field.type = kinds.TYPE_ENUM if kind in ("DataType", "Kind") else kinds.TYPE_MESSAGE
        owner = "ModelConfig." if kind == "ParametersEntry" else ""
        field.type_name = f".{_PACKAGE}.{owner}{kind}"

    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, field, kind in fields:
            add_field(message, number, field, kind)
    # A map is a repeated message of keys and values.
    entry = message.nested_type.add(name="ParametersEntry")
    entry.options.map_entry = True
    add_field(entry, 1, "key", "string")
    add_field(entry, 2, "value", "Parameter")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.ModelConfig"))


def config_text(fields: dict[str, Any]) -> str:
    """``config.pbtxt`` of nested dictionaries and lists, checked against the schema.

    Raises:
        MissingDependency: protobuf is not installed.
    """
    config = _config_class()
    from google.protobuf import json_format, text_format

    return text_format.MessageToString(json_format.ParseDict(fields, config()))
