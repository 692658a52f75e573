"""Modules as plain data and back, without pickle: structure as JSON, tensors by name, in a safetensors file."""
