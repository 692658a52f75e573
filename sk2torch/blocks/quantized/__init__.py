"""Smaller forms of blocks: matrices in few bits, trees over ranks. Each says which block it stands for."""

from sk2torch.blocks.quantized.forms import Numbers, discover_forms, form_of, modes_for, quantized_form

__all__ = ["Numbers", "discover_forms", "form_of", "modes_for", "quantized_form"]
