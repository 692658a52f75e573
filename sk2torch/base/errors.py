"""The errors that users meet; each message says what was expected, what came, and the way out."""


class Sk2TorchError(Exception):
    """Base of every error that sk2torch raises on purpose."""


class UnsupportedEstimator(Sk2TorchError, TypeError):
    """No converter is registered for this estimator's exact class."""


class UnsupportedParameter(Sk2TorchError, ValueError):
    """The estimator's class is supported, but not with this parameter or fitted state."""


class CannotUnwrap(Sk2TorchError, ValueError):
    """A module's state has no counterpart in scikit-learn, or its estimator is not known."""


class InputError(Sk2TorchError, ValueError):
    """A table handed to ``encode`` does not fit what the estimator was fitted on."""


class ArtifactError(Sk2TorchError, ValueError):
    """A file cannot be written or read as a model artifact."""


class MissingDependency(Sk2TorchError, ImportError):
    """An optional package is needed; the message names the extra that brings it."""
