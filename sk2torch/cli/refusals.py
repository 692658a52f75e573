"""What a converter says of itself: the head of its docstring, and the errors that its source raises."""

import ast
import importlib
import inspect
import re
import sys
import textwrap
from typing import Any

# Where converters share code that refuses on their behalf.
_SHARED = ("sk2torch.estimators.", "sk2torch.blocks.")
_ERROR = "UnsupportedParameter"


def summary(family: type) -> str:
    """The docstring of a module class up to its arguments."""
    text = inspect.cleandoc(family.__doc__ or "")
    return text.partition("\nArgs:")[0].strip()


def refusals(family: type) -> list[str]:
    """The messages that a converter refuses parameters with, ``…`` for what depends on the model.

    Read from the source of its file, and of the functions and classes that it imports from its neighbours; what a
    part of a composite refuses is the part's own.
    """
    tree = ast.parse(inspect.getsource(sys.modules[family.__module__]))
    sources = [tree, *(ast.parse(textwrap.dedent(inspect.getsource(found))) for found in _imported(tree))]
    messages = (_message(call) for source in sources for call in _raised(source))
    return list(dict.fromkeys(message for message in messages if message))


def _imported(tree: ast.Module) -> list[Any]:
    found = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_SHARED):
            module = importlib.import_module(node.module or "")
            found += [getattr(module, alias.name) for alias in node.names]
    return [item for item in found if inspect.isfunction(item) or inspect.isclass(item)]


def _raised(tree: ast.Module) -> list[ast.Call]:
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return [exc for exc in raised if isinstance(exc, ast.Call) and getattr(exc.func, "id", None) == _ERROR and exc.args]


def _message(call: ast.Call) -> str:
    text = " ".join(_text(call.args[0]).split())
    # The class is known.
    return re.sub(r"^(…|\w+): ", "", text)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return "…"
