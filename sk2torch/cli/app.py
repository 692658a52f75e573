"""The application: its commands and how it is run."""

import signal
from typing import Annotated, Any

import typer

import sk2torch
from sk2torch.cli.commands.bench import bench
from sk2torch.cli.commands.convert import convert
from sk2torch.cli.commands.inspect import inspect
from sk2torch.cli.commands.predict import predict
from sk2torch.cli.commands.supported import supported
from sk2torch.cli.commands.verify import verify

app = typer.Typer(
    name="sk2torch",
    help="Fitted scikit-learn models as PyTorch modules: convert, inspect, verify, predict, time.\n\n"
    "Exit codes: 0 fine, 1 a check failed, 2 a mistake in the call or its input.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (convert, inspect, verify, predict, bench, supported):
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        print(sk2torch.__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Options of the application itself; its help is the application's."""


def _interrupted(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def run() -> None:
    """Run the application; to be terminated is to be interrupted, so that nothing half-written stays."""
    signal.signal(signal.SIGTERM, _interrupted)
    app()
