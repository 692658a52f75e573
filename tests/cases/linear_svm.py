"""Linear support vector machines."""

from sklearn.svm import LinearSVC, LinearSVR

from tests.cases import Case, data
from tests.cases.linear_model import sparsified

CASES = [
    Case("LinearSVC", lambda: LinearSVC(random_state=0), data.words),
    Case("LinearSVC-binary", lambda: LinearSVC(loss="hinge", random_state=0), data.booleans, primary=True),
    Case("LinearSVC-no-intercept", lambda: LinearSVC(fit_intercept=False, random_state=0), data.multiclass),
    Case(
        "LinearSVC-sparsified",
        lambda: LinearSVC(penalty="l1", dual=False, C=0.05, random_state=0),
        data.multiclass,
        fit=sparsified,
    ),
    Case("LinearSVC-joint", lambda: LinearSVC(multi_class="crammer_singer", random_state=0), data.multiclass),
    Case(
        "LinearSVC-joint-binary",
        lambda: LinearSVC(multi_class="crammer_singer", fit_intercept=False, random_state=0),
        data.binary_words,
    ),
    Case("LinearSVR", lambda: LinearSVR(random_state=0), data.regression),
    Case(
        "LinearSVR-no-intercept",
        lambda: LinearSVR(fit_intercept=False, epsilon=0.1, loss="squared_epsilon_insensitive", random_state=0),
        data.regression,
    ),
]
