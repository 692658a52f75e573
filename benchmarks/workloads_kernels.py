"""Workloads: kernels, neighbours, densities, Gaussian processes."""

from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KernelDensity, KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, SVR, OneClassSVM

from .data import classes, drawn, responses
from .workloads import Fitted, Scale, fitted, workload

# Labels of which most are at random make nearly every row a support vector.
NOISE = 0.9


@workload("SVC rbf, 3,700 support vectors, 20 features", "predict", ("decision_function",))
def svc_rbf(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(3920), 20, noise=NOISE)
    return fitted(SVC(gamma=0.05), (X, y), drawn(scale.n_query, 20))


@workload("SVC polynomial, 3,700 support vectors, 20 features", "predict", ("decision_function",))
def svc_poly(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(3800), 20, noise=NOISE)
    return fitted(SVC(kernel="poly", degree=3, coef0=1.0, gamma=0.02, C=0.05), (X, y), drawn(scale.n_query, 20))


@workload("SVR rbf, 3,700 support vectors, 20 features", "predict")
def svr_rbf(scale: Scale) -> Fitted:
    X, y = responses(scale.rows(3800), 20)
    return fitted(SVR(gamma=0.05, epsilon=0.002), (X, y), drawn(scale.n_query, 20))


@workload("one-class SVM rbf, 3,700 support vectors, 20 features", "decision_function", ("predict",))
def one_class_svm(scale: Scale) -> Fitted:
    X = drawn(scale.rows(7400), 20, seed=0)
    return fitted(OneClassSVM(gamma=0.05, nu=0.5), (X,), drawn(scale.n_query, 20))


@workload("Nystroem, 300 components + logistic regression, 20 features", "predict_proba", ("predict",))
def nystroem_linear(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(5000), 20)
    model = make_pipeline(Nystroem(gamma=0.05, n_components=scale.parts(300), random_state=0), LogisticRegression())
    return fitted(model, (X, y), drawn(scale.n_query, 20))


@workload("k-NN classifier, 10,000 stored rows, 10 features", "predict_proba", ("predict",))
def knn_classifier(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(10_000), 10, n_classes=3)
    return fitted(KNeighborsClassifier(5), (X, y), drawn(scale.n_query, 10))


@workload("k-NN regressor by distance, 10,000 stored rows, 30 features", "predict")
def knn_regressor(scale: Scale) -> Fitted:
    X, y = responses(scale.rows(10_000), 30)
    return fitted(KNeighborsRegressor(10, weights="distance"), (X, y), drawn(scale.n_query, 30))


@workload("kernel density, 5,000 stored rows, 5 features", "score_samples", sizes=(1, 100, 10_000))
def kernel_density(scale: Scale) -> Fitted:
    X = drawn(scale.rows(5000), 5, seed=0)
    return fitted(KernelDensity(bandwidth=0.5), (X,), drawn(scale.n_query, 5))


def _process(scale: Scale) -> Fitted:
    X, y = responses(scale.rows(1000), 10)
    process = GaussianProcessRegressor(RBF(3.0) + WhiteKernel(0.05), optimizer=None, normalize_y=True)
    return fitted(process, (X, y), drawn(scale.n_query, 10))


@workload("Gaussian process, mean, 1,000 stored rows, 10 features", "predict")
def gp_mean(scale: Scale) -> Fitted:
    return _process(scale)


@workload("Gaussian process, mean and deviation, 1,000 stored rows", "predict_with_std", sizes=(1, 100, 10_000))
def gp_std(scale: Scale) -> Fitted:
    return _process(scale)
