"""Values of ONNX graphs in ``onnx_ir``."""

from typing import Any

import numpy as np


def take_place(graph: Any, old: Any, new: Any) -> None:
    """Have all that uses ``old``, a value of ``graph``, use ``new`` under the same name, type and shape."""
    new.dtype, new.shape, new.name = old.dtype, old.shape, old.name
    old.name = None
    for user, position in tuple(old.uses()):
        user.replace_input_with(position, new)
    for position, output in enumerate(graph.outputs):
        if output is old:
            graph.outputs[position] = new


def constant(ir: Any, root: Any, array: np.ndarray) -> Any:
    """A new initialiser of the graph ``root``, for ``ir`` the module ``onnx_ir``."""
    tensor = ir.tensor(np.array(array, order="C"))
    number = len(root.initializers)
    # Some may have been removed since others were made.
    while f"written_{number}" in root.initializers:
        number += 1
    name = f"written_{number}"
    value = ir.Value(name=name, shape=ir.Shape(array.shape), type=ir.TensorType(tensor.dtype), const_value=tensor)
    root.register_initializer(value)
    return value


def only_element(value: Any) -> Any:
    """The only element of a constant, else None."""
    tensor = None if value is None else value.const_value
    return None if tensor is None or tensor.size != 1 else tensor.numpy().reshape(())[()]


def known_shape(value: Any) -> list[str] | None:
    """The sizes of a value, names of dynamic ones included; None where one is not known."""
    dims = None if value is None or value.shape is None else [str(dim) for dim in value.shape]
    return None if dims is None or "None" in dims else dims


def same_shape(one: Any, other: Any) -> bool:
    """Whether two values are known to have the same shape."""
    return known_shape(one) is not None and known_shape(one) == known_shape(other)
