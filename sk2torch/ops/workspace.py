"""How much memory operations may take beyond their input and result."""

_limit = [256 * 2**20]


def set_workspace(n_bytes: int) -> None:
    """Bound the memory that operations over pairs of rows take beyond their input and result; 256 MiB at first.

    Holds for the whole process, in eager mode and compiled graphs; TorchScript and exported files have blocks of
    a fixed size.

    Args:
        n_bytes: at least 1 MiB.

    Raises:
        ValueError: less than that.
    """
    if n_bytes < 2**20:
        raise ValueError(f"set_workspace: expected at least {2**20} bytes, got {n_bytes}.")
    _limit[0] = int(n_bytes)


def workspace_bytes() -> int:
    """The bound that holds now."""
    return _limit[0]
