"""Heavy operations, one folder each: a plain torch reference and, later, fused back ends."""
