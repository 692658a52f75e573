"""scikit-learn's own checks of every public estimator class."""

import pytest
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

import sk2torch
from tests.bridge.modules import Encoder, RowMean, ThreeScores

# torch says so wherever such a layer is made.
pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")

FITTED = "the labels are those of the fitted classifier: fit refuses others, and fewer change no answer"
EXPECTED = {
    "PrefitClassifier": dict.fromkeys(
        (
            "check_dtype_object",
            "check_classifiers_one_label",
            "check_classifiers_classes",
            "check_classifiers_train",
        ),
        FITTED,
    )
}


@parametrize_with_checks(
    [
        sk2torch.as_estimator(nn.Tanh(), "transformer"),
        sk2torch.as_estimator(RowMean(), "regressor"),
        sk2torch.as_estimator(ThreeScores(), "classifier", classes=[0, 1, 2]),
        sk2torch.TorchTransformer(Encoder),
        sk2torch.TorchTransformer(Encoder, module__hidden=5, loss="log_loss", max_epochs=2),
        sk2torch.TorchTransformer(Encoder, loss="squared_error", max_epochs=2, verbose=0),
        sk2torch.TorchTransformer(Encoder, loss="huber", target="X", max_epochs=2),
        sk2torch.TunedClassifier(LogisticRegression(), max_epochs=2),
        sk2torch.TunedRegressor(Ridge(), max_epochs=2),
        sk2torch.TunedTransformer(RBFSampler(n_components=5, random_state=0), max_epochs=2),
    ],
    expected_failed_checks=lambda estimator: EXPECTED.get(type(estimator).__name__, {}),
)
def test_scikit_learn_check(estimator, check):
    check(estimator)
