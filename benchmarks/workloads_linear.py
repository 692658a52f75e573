"""Workloads: linear models, networks, mixtures, feature maps, tables of mixed types, text."""

from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, QuantileTransformer, SplineTransformer, StandardScaler

from .data import classes, documents, drawn, flights, flights_example, responses
from .workloads import Fitted, Scale, fitted, workload


@workload("scaler + logistic regression, 30 features", "predict_proba", ("predict",))
def linear_pipeline(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(5000), 30)
    return fitted(make_pipeline(StandardScaler(), LogisticRegression()), (X, y), drawn(scale.n_query, 30))


@workload("polynomials of degree 3 + ridge, 10 features", "predict")
def polynomial_ridge(scale: Scale) -> Fitted:
    X, y = responses(scale.rows(5000), 10)
    return fitted(make_pipeline(PolynomialFeatures(3), Ridge()), (X, y), drawn(scale.n_query, 10))


@workload("quantiles + logistic regression, 20 features", "predict_proba", ("predict",))
def quantile_linear(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(5000), 20)
    quantiles = QuantileTransformer(n_quantiles=min(1000, len(X)), output_distribution="normal", random_state=0)
    return fitted(make_pipeline(quantiles, LogisticRegression()), (X, y), drawn(scale.n_query, 20))


@workload("cubic splines + ridge, 20 features", "predict")
def spline_linear(scale: Scale) -> Fitted:
    X, y = responses(scale.rows(5000), 20)
    return fitted(make_pipeline(SplineTransformer(n_knots=10), Ridge()), (X, y), drawn(scale.n_query, 20))


@workload("MLP classifier, 2 x 100 units, 20 features", "predict_proba", ("predict",))
def mlp(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(5000), 20, n_classes=3)
    units = scale.parts(100)
    # What is learned does not matter here: a few passes that settle as they go.
    network = MLPClassifier((units, units), max_iter=60, tol=1e-2, n_iter_no_change=2, random_state=0)
    return fitted(network, (X, y), drawn(scale.n_query, 20))


@workload("Gaussian naive Bayes, 5 classes, 30 features", "predict_proba", ("predict",))
def naive_bayes(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(5000), 30, n_classes=5)
    return fitted(GaussianNB(), (X, y), drawn(scale.n_query, 30))


@workload("PCA to 20 of 50 + quadratic discriminant, 3 classes", "predict_proba", ("predict",))
def pca_qda(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(5000), 50, n_classes=3)
    model = make_pipeline(PCA(20, random_state=0), QuadraticDiscriminantAnalysis())
    return fitted(model, (X, y), drawn(scale.n_query, 50))


@workload("Gaussian mixture, 10 full covariances, 20 features", "predict_proba", ("predict",))
def gaussian_mixture(scale: Scale) -> Fitted:
    X, _ = classes(scale.rows(4000), 20, n_classes=5)
    mixture = GaussianMixture(scale.parts(10), random_state=0, tol=0.5, reg_covar=1e-3)
    return fitted(mixture, (X,), drawn(scale.n_query, 20))


@workload("k-means, 100 clusters, 20 features", "predict")
def k_means(scale: Scale) -> Fitted:
    X = drawn(scale.rows(10_000), 20, seed=0)
    clusters = KMeans(scale.parts(100), n_init=1, max_iter=30, random_state=0)
    return fitted(clusters, (X,), drawn(scale.n_query, 20))


@workload("flights: ColumnTransformer + HistGradientBoosting (strings, missing)", "predict_proba", ("predict",))
def flights_boosting(scale: Scale) -> Fitted:
    X, y, query = flights(scale.rows(30_000), scale.n_query)
    return fitted(flights_example().boosting(0), (X, y), query)


@workload("flights: ColumnTransformer + Nystroem + SGD (strings, missing)", "predict_proba", ("predict",))
def flights_nystroem(scale: Scale) -> Fitted:
    X, y, query = flights(scale.rows(30_000), scale.n_query)
    model = flights_example().kernel_machine(0)
    model.set_params(nystroem__n_components=scale.parts(300))
    return fitted(model, (X, y), query)


@workload("tf-idf of texts + logistic regression", "predict_proba", ("predict",), sizes=(1, 100, 10_000))
def tfidf_text(scale: Scale) -> Fitted:
    texts, topics = documents(scale.rows(5000))
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10.0, tol=1e-2))
    return fitted(model, (texts, topics), documents(scale.n_query, seed=1)[0])


@workload("tf-idf of sparse counts + logistic regression", "predict_proba", ("predict",), sizes=(1, 100, 10_000))
def tfidf_counts(scale: Scale) -> Fitted:
    texts, topics = documents(scale.rows(5000))
    counter = CountVectorizer()
    counts = csr_array(counter.fit_transform(texts))
    model = make_pipeline(TfidfTransformer(), LogisticRegression(C=10.0, tol=1e-2))
    query = csr_array(counter.transform(documents(scale.n_query, seed=1)[0]))
    return fitted(model, (counts, topics), query)
