"""Forest evaluation: the node that each row reaches in each tree, and sums of leaf values."""

from sk2torch.ops.forest.reference import passed_nodes, reached_nodes, sequential_sum

__all__ = ["passed_nodes", "reached_nodes", "sequential_sum"]
