"""Triangular systems: compiled code or torch's solver in eager mode, torch's in TorchScript, substitution in graphs.

ONNX has no solver. A block of the unknowns at a time, with inverses of the diagonal blocks alone, loses
far less than the inverse of the whole matrix would.
"""

from sk2torch.ops.triangular.reference import diagonal_inverses, solve_rows
from sk2torch.ops.triangular.squares import solved_squares

__all__ = ["diagonal_inverses", "solve_rows", "solved_squares"]
