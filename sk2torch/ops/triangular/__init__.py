"""Triangular systems: compiled code in eager mode, torch's solver beside it, substitution in exported graphs.

ONNX has no solver. A block of the unknowns at a time, with inverses of the diagonal blocks alone, loses
far less than the inverse of the whole matrix would.
"""

from sk2torch.ops.triangular.reference import diagonal_inverses, solve_rows
from sk2torch.ops.triangular.squares import solved_squares

__all__ = ["diagonal_inverses", "solve_rows", "solved_squares"]
