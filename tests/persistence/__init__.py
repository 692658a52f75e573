"""The safe native format."""
