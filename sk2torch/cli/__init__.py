"""The command line: ``sk2torch --help``."""

import sys

# Packages of the extra `cli`, as they are imported.
_EXTRA = ("typer", "pandas", "pyarrow", "skops")


def main() -> None:
    """Run the command line; say which extra is missing where one is."""
    try:
        from sk2torch.cli.app import run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _EXTRA:
            raise
        message = f"error: the command line needs the package {error.name!r}: pip install 'sk2torch[cli]'."
        print(message, file=sys.stderr)
        sys.exit(2)
    run()
