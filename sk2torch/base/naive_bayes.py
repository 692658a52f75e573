"""The role of naive Bayes classifiers."""

from torch import Tensor

from sk2torch.base.classifier import TorchClassifier
from sk2torch.functional.links import log_normalized_rows


class NaiveBayes(TorchClassifier):
    """Abstract: the class of the largest ``j(x)``, the logarithm of ``P(class) P(x | class)``.

    ``predict_log_proba`` is ``j(x) - log(sum_c exp(j(x)_c))``. A subclass defines ``joint``.
    """

    def joint(self, x: Tensor) -> Tensor:
        """``j(x)``, shape ``(n_samples, n_classes)``, of a prepared input."""
        raise NotImplementedError

    def predict_joint_log_proba(self, x: Tensor) -> Tensor:
        return self.joint(self.prepare(x))

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(self.predict_joint_log_proba(x).argmax(dim=1))

    def predict_log_proba(self, x: Tensor) -> Tensor:
        return log_normalized_rows(self.predict_joint_log_proba(x))

    def predict_proba(self, x: Tensor) -> Tensor:
        return self.predict_log_proba(x).exp()
