"""Functions of single columns, and products of them, by compiled code.

Each function returns None where that code does not apply, and callers go on with their formula in torch: in graphs,
where gradients are recorded, for other dtypes than float64 and devices than processors, and without the library.
"""

from sk2torch.ops.columns.products import feature_products, product_steps
from sk2torch.ops.columns.quantiles import quantile_shares
from sk2torch.ops.columns.splines import spline_basis

__all__ = ["feature_products", "product_steps", "quantile_shares", "spline_basis"]
