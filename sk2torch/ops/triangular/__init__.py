"""Triangular systems: torch's solver in eager mode and TorchScript, blocked substitution in graphs.

ONNX has no solver. A block of the unknowns at a time, with inverses of the diagonal blocks alone, loses
far less than the inverse of the whole matrix would.
"""

from sk2torch.ops.triangular.reference import diagonal_inverses, solve_rows

__all__ = ["diagonal_inverses", "solve_rows"]
