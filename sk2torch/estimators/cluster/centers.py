"""What clusterers share that give the nearest center."""

import torch
from torch import Tensor, nn

from sk2torch.base import TorchEstimator
from sk2torch.functional.centers import first_of_equals, without_own


class ClusterCenters(TorchEstimator):
    """Abstract: centers, and for each the first that is equal to it.

    Args:
        centers: shape ``(n_clusters, n_features)``.
    """

    _version = 2
    # Equal centers may part in training.
    free_tensors = ("first",)
    equivalent_settings = ("first",)
    fitted_attributes = {"centers": "cluster_centers_"}

    def __init__(self, centers: Tensor) -> None:
        super().__init__(centers.shape[1])
        self.centers = nn.Parameter(centers)
        self.register_buffer("first", first_of_equals(centers))

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        # Lengths of the centers, which follow them by now.
        self._buffers.pop("norms", None)
        self.first = without_own(self.first)
