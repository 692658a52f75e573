"""Torch models as scikit-learn estimators.

The one package that imports scikit-learn, so ``sk2torch`` loads it when it is asked for.
"""

from sk2torch.bridge.factory import as_estimator
from sk2torch.bridge.prefit import PrefitModel
from sk2torch.bridge.prefit_kinds import (
    PrefitClassifier,
    PrefitClusterer,
    PrefitDensityEstimator,
    PrefitOutlierDetector,
    PrefitRegressor,
    PrefitTransformer,
)
from sk2torch.bridge.transformer import TorchTransformer
from sk2torch.bridge.tuned import TunedModel
from sk2torch.bridge.tuned_kinds import TunedClassifier, TunedRegressor, TunedTransformer

__all__ = [
    "PrefitClassifier",
    "PrefitClusterer",
    "PrefitDensityEstimator",
    "PrefitModel",
    "PrefitOutlierDetector",
    "PrefitRegressor",
    "PrefitTransformer",
    "TorchTransformer",
    "TunedClassifier",
    "TunedModel",
    "TunedRegressor",
    "TunedTransformer",
    "as_estimator",
]
