"""``sk2torch.as_estimator``."""

import importlib
from os import PathLike
from typing import Any

from sklearn.base import (
    ClassifierMixin,
    ClusterMixin,
    DensityMixin,
    OutlierMixin,
    RegressorMixin,
    TransformerMixin,
)
from torch import nn

from sk2torch.base import TorchEstimator, registry
from sk2torch.bridge.prefit import PrefitModel
from sk2torch.bridge.prefit_kinds import (
    PrefitClassifier,
    PrefitClusterer,
    PrefitDensityEstimator,
    PrefitOutlierDetector,
    PrefitRegressor,
    PrefitTransformer,
)
from sk2torch.export import read_metadata
from sk2torch.export.metadata import estimator_tree

_CLASSES = (
    PrefitClassifier,
    PrefitRegressor,
    PrefitTransformer,
    PrefitOutlierDetector,
    PrefitClusterer,
    PrefitDensityEstimator,
    PrefitModel,
)
_BY_KIND: dict[str | None, type[PrefitModel]] = {cls.kind: cls for cls in _CLASSES}
# In the order in which a class that is several of them counts: k-means is a clustering that transforms.
_MIXINS = {
    ClassifierMixin: "classifier",
    RegressorMixin: "regressor",
    OutlierMixin: "outlier_detector",
    ClusterMixin: "clusterer",
    DensityMixin: "density_estimator",
}


def as_estimator(model: "nn.Module | str | PathLike[str]", kind: str | None = None, **settings: Any) -> PrefitModel:
    """A scikit-learn estimator that is fitted: of a model of torch, or of a file.

    For pipelines, ensembles, cross-validation, inspection and explainers. ``fit`` learns nothing, clones share the
    model, and the methods are exactly the model's.

    Args:
        model: a wrapped model; the path of an exported ``.pt``, ``.pt2``, ``.onnx`` or ``.safetensors``, whose path
            is what a pickle holds; or any ``nn.Module``.
        kind: what it is, as scikit-learn's ``estimator_type``: ``classifier``, ``regressor``, ``transformer``,
            ``outlier_detector``, ``clusterer``, ``density_estimator``. Found out for wrapped models and files;
            a plain module is one of the first three.
        **settings: ``batch_size`` (4096), ``device`` (None: where the model is; ``"auto"``, ``"cuda"``, …),
            ``progress`` (``"auto"``: a bar on terminals once an answer takes two seconds; or a bool),
            ``feature_names_out``. For plain modules, too, ``classes`` (labels of a classifier, in the order of its
            outputs), ``output`` (``"logits"``, ``"probabilities"`` or ``"log_probabilities"``; one output is that of
            the second of two classes), ``input_shape`` (of a row, such as ``(1, 8, 8)``) and ``input_dtype``
            (``torch.int64`` for embeddings; the module's own by default).

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: it is no artifact of sk2torch.
        TypeError: no model, an unknown kind, or what a plain module needs is missing.
    """
    if not isinstance(model, nn.Module | str | PathLike):
        raise TypeError(
            f"as_estimator: expected a module or the path of an artifact, got {type(model).__name__}; a fitted "
            "estimator needs no bridge, or call sk2torch.wrap first."
        )
    if kind is not None and kind not in _BY_KIND:
        raise TypeError(f"kind: expected one of {', '.join(name for name in _BY_KIND if name)}, got {kind!r}.")
    is_ours = isinstance(model, TorchEstimator) or not isinstance(model, nn.Module)
    cls = _BY_KIND[kind or (_found_kind(model) if is_ours else None)]
    estimator = cls(model, **settings)
    methods = estimator._answers().methods
    needed = "transform" if cls is PrefitTransformer else "predict"
    if cls not in (PrefitModel, PrefitDensityEstimator) and needed not in methods:
        raise TypeError(f"kind: a {cls.kind} has {needed}, but this model has {', '.join(methods)}.")
    return estimator


def _found_kind(model: Any) -> str | None:
    """What scikit-learn's estimator was that a model or file of ours stands for."""
    if isinstance(model, TorchEstimator):
        return _kind_of(estimator_tree(model))
    about = read_metadata(model)
    return _kind_of(about["estimator"]) if "estimator" in about else None


def _kind_of(tree: dict[str, Any]) -> str | None:
    """By the role of the estimator's class; pipelines and searches are what their last part is."""
    for path in [name for name, module in registry().items() if module.__name__ == tree["class"]]:
        package, _, name = path.rpartition(".")
        try:
            cls = getattr(importlib.import_module(package), name, None)
        except ImportError:
            # A user's own class, whose package is not here.
            continue
        if cls is None:
            continue
        kind = next((kind for mixin, kind in _MIXINS.items() if issubclass(cls, mixin)), None)
        if kind is not None:
            return kind
        if issubclass(cls, TransformerMixin) and not hasattr(cls, "predict"):
            return "transformer"
    return _kind_of(tree["parts"][-1]) if tree.get("parts") else None
