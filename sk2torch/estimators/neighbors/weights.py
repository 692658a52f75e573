"""Reading what scikit-learn's nearest neighbours count."""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import UnsupportedParameter
from sk2torch.blocks.neighbor_search import CallableWeights, NeighborSearch
from sk2torch.estimators.neighbors.reading import read_weighting


def read_weights(estimator: Any, search: NeighborSearch) -> bool:
    """Whether neighbours count by their distance; ``search`` gets the function if there is one.

    Raises:
        UnsupportedParameter: a function that TorchScript does not take, or that gives something else for a tensor of
            distances than for an array.
    """
    if not callable(estimator.weights):
        return read_weighting(estimator)
    module = CallableWeights(estimator.weights)
    if not _agrees(module, estimator.weights, int(estimator.n_neighbors)):
        raise UnsupportedParameter(
            f"{type(estimator).__name__}: weights={estimator.weights!r} does not run on tensors as it does on arrays; "
            "write it with operators only, such as `def weights(distance): return 1.0 / (1.0 + distance)`, or as an "
            "nn.Module that TorchScript takes, or pass 'uniform' or 'distance'."
        )
    search.weigh = module
    return True


def _agrees(module: CallableWeights, function: Any, k: int) -> bool:
    """Whether ``function`` gives the same for arrays as TorchScript gives for tensors, at all scales and at zero."""
    generator = np.random.default_rng(0)
    distance = np.sort(generator.exponential(size=(14, k)), axis=1) * np.logspace(-6, 6, 14)[:, None]
    distance[::3, 0] = 0.0
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            expected = _array(function(distance.copy()))
            actual = _array(torch.jit.script(module)(torch.from_numpy(distance)))
    except Exception:
        # Whatever a user's function or the compiler of scripts raises.
        return False
    return expected.shape == distance.shape and np.allclose(actual, expected, rtol=1e-13, atol=0.0, equal_nan=True)


def _array(value: Any) -> np.ndarray:
    return value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)
