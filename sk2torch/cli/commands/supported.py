"""``sk2torch supported``."""

import difflib
import importlib
import importlib.util
from typing import Annotated, Any

import typer
from rich.table import Table

from sk2torch.base import METHODS, UnsupportedEstimator, refused_classes, registry, supported_classes
from sk2torch.base.registry import lookup
from sk2torch.base.surface import has_method
from sk2torch.cli import options
from sk2torch.cli.refusals import refusals, summary
from sk2torch.cli.reporting import Code, Mistake, console, mistakes_explained, print_json


def supported(
    name: Annotated[str | None, typer.Argument(help="A class of scikit-learn, such as SVC.", metavar="[NAME]")] = None,
    json: options.Json = False,
) -> None:
    """List the supported classes, or say what is supported of one; exit code 1 for one that is not."""
    with mistakes_explained():
        entries = _entries()
        if name is None:
            _list(entries, json)
            return
        path = _found(name, entries)
        facts = _facts(path, entries)
        if json:
            print_json(facts)
        else:
            _show(facts)
        if not facts["supported"]:
            raise typer.Exit(Code.CHECK_FAILED)


def _entries() -> dict[str, type]:
    """Import path and module class of what can be converted: of what this scikit-learn has, where there is one."""
    entries = dict(sorted(registry().items()))
    if importlib.util.find_spec("sklearn") is None:
        return entries
    present = {cls.__name__ for cls in supported_classes()}
    return {p: c for p, c in entries.items() if not p.startswith("sklearn.") or p.rpartition(".")[2] in present}


def _methods(family: type) -> list[str]:
    return [method for method in METHODS if has_method(family, method)]


def _list(entries: dict[str, type], json: bool) -> None:
    if json:
        print_json({path: _methods(family) for path, family in entries.items()})
        return
    table = Table(title=f"{len(entries)} supported classes", title_justify="left")
    table.add_column("class", no_wrap=True)
    table.add_column("methods, where the fitted object has them")
    package = ""
    for path, family in entries.items():
        head, _, tail = path.rpartition(".")
        if head != package:
            table.add_section()
            table.add_row(f"[bold]{head}[/]", "")
        package = head
        table.add_row(f"  {tail}", ", ".join(_methods(family)))
    console().print(table, highlight=False)


def _found(name: str, entries: dict[str, type]) -> str:
    """The import path that a name means, whatever its case, with or without its module.

    Raises:
        Mistake: there is none; with the names that are near.
    """
    paths = [*entries, *refused_classes(), *(path for path in _others() if path not in entries)]
    for same in (lambda path: path == name, lambda path: path.rpartition(".")[2] == name.rpartition(".")[2]):
        for path in paths:
            if same(path):
                return path
    wanted = name.rpartition(".")[2].lower()
    by_lower = {path.rpartition(".")[2].lower(): path for path in reversed(paths)}
    if wanted in by_lower:
        return by_lower[wanted]
    near = [by_lower[key].rpartition(".")[2] for key in difflib.get_close_matches(wanted, by_lower, 5)]
    hint = f" Did you mean {', '.join(near)}?" if near else " `sk2torch supported` lists them all."
    raise Mistake(f"no class {name!r}.{hint}")


def _others() -> list[str]:
    """The other estimators of scikit-learn, where it is installed."""
    if importlib.util.find_spec("sklearn") is None:
        return []
    found = importlib.import_module("sklearn.utils.discovery").all_estimators()
    return [f"{cls.__module__}.{cls.__name__}" for _, cls in found]


def _facts(path: str, entries: dict[str, type]) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": path, "supported": path in entries}
    if path in entries:
        family = entries[path]
        facts |= {"module": family.__name__, "methods": _methods(family), "summary": summary(family)}
        return {**facts, "refuses": refusals(family)}
    return {**facts, "reason": _reason(path)}


def _reason(path: str) -> str:
    if path in refused_classes():
        return refused_classes()[path]
    module, _, attribute = path.rpartition(".")
    try:
        lookup(getattr(importlib.import_module(module), attribute))
    except UnsupportedEstimator as error:
        return str(error)
    return "no converter is registered for it."


def _show(facts: dict[str, Any]) -> None:
    out = console()
    if not facts["supported"]:
        out.print(f"[bold]{facts['name']}[/]: not supported", highlight=False)
        out.print(facts["reason"], markup=False, highlight=False)
        return
    out.print(f"[bold]{facts['name']}[/]: supported, as {facts['module']}", highlight=False)
    out.print(facts["summary"], markup=False, highlight=False)
    out.print(f"\nmethods, where the fitted object has them: {', '.join(facts['methods'])}", highlight=False)
    if facts["refuses"]:
        out.print("\nrefused:", highlight=False)
    for reason in facts["refuses"]:
        out.print(f" - {reason}", markup=False, highlight=False)
