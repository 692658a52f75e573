"""Vectorizers: what is refused, functions as settings, files without scikit-learn, wide vocabularies."""

import pickle
import resource
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.naive_bayes import CategoricalNB, ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, Normalizer, OneHotEncoder, QuantileTransformer
from sklearn.utils import murmurhash3_32

import sk2torch
from sk2torch.base.murmurhash import murmurhash3

DOCUMENTS = ["the lazy dog", "a quick fox and a dog", "fox fox", "cats and dogs"]
LABELS = [0, 1, 1, 0]


def shouted(text):
    return text.upper().split()


def test_functions_among_the_settings_work_in_memory(tmp_path):
    vectorizer = CountVectorizer(tokenizer=shouted, token_pattern=None, lowercase=False).fit(DOCUMENTS)
    model = sk2torch.wrap(vectorizer)
    for clone in (model, pickle.loads(pickle.dumps(model))):
        actual = sk2torch.Predictor(clone).transform(DOCUMENTS)
        np.testing.assert_array_equal(actual.toarray(), vectorizer.transform(DOCUMENTS).toarray())
    with pytest.raises(sk2torch.UnsupportedParameter, match="tokenizer= of a vectorizer in an artifact"):
        sk2torch.export(model, tmp_path / "model.pt2")
    assert not list(tmp_path.iterdir())


def test_analyzer_of_lists_of_tokens():
    X = [d.split() for d in DOCUMENTS]
    vectorizer = TfidfVectorizer(analyzer=lambda tokens: tokens).fit(X)
    actual = sk2torch.Predictor(sk2torch.wrap(vectorizer)).transform(X)
    np.testing.assert_allclose(actual.toarray(), vectorizer.transform(X).toarray(), rtol=1e-12)


def test_files_with_documents(tmp_path):
    paths = []
    for k, document in enumerate(DOCUMENTS):
        paths.append(tmp_path / f"{k}.txt")
        paths[-1].write_text(document)
    vectorizer = CountVectorizer(input="filename").fit(paths)
    actual = sk2torch.Predictor(sk2torch.wrap(vectorizer)).transform(paths)
    np.testing.assert_array_equal(actual.toarray(), vectorizer.transform(paths).toarray())


@pytest.mark.parametrize("missing", [None, np.nan, float("nan"), 3])
@pytest.mark.parametrize("options", [{}, {"analyzer": "char"}, {"lowercase": False}, {"strip_accents": "ascii"}])
def test_missing_documents_are_refused(missing, options):
    model = sk2torch.wrap(CountVectorizer(**options).fit(DOCUMENTS))
    with pytest.raises(sk2torch.InputError, match="expected documents that are strings"):
        model.encode(["fine", missing])


def test_inputs_that_are_no_list_of_documents_are_refused():
    model = sk2torch.wrap(CountVectorizer().fit(DOCUMENTS))
    with pytest.raises(sk2torch.InputError, match="single string"):
        model.encode("the lazy dog")
    with pytest.raises(sk2torch.InputError, match="pick its column"):
        model.encode(pd.DataFrame({"text": DOCUMENTS}))
    with pytest.raises(sk2torch.InputError, match="expected dictionaries"):
        sk2torch.wrap(DictVectorizer().fit([{"a": 1}])).encode([["a", 1]])
    with pytest.raises(sk2torch.InputError, match="got a string"):
        sk2torch.wrap(FeatureHasher(4, input_type="string")).encode(["abc"])


def test_no_documents_give_no_rows():
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(DOCUMENTS, LABELS)
    assert sk2torch.Predictor(sk2torch.wrap(pipeline)).predict_proba([]).shape == (0, 2)


def test_refused_vectorizers():
    with pytest.raises(sk2torch.UnsupportedParameter, match="alternate_sign=False"):
        sk2torch.wrap(HashingVectorizer(dtype=np.uint8))
    with pytest.raises(sk2torch.UnsupportedParameter, match="use float or int"):
        sk2torch.wrap(FeatureHasher(4, dtype=np.complex128))
    first = FunctionTransformer(np.log1p)
    union = make_pipeline(first, CountVectorizer(analyzer=str))
    union.steps[0] = ("a", first.fit([[1.0]]))
    union.steps[1][1].fit(DOCUMENTS)
    with pytest.raises(sk2torch.UnsupportedParameter, match="result of an earlier step"):
        sk2torch.wrap(union)


def test_column_that_is_read_as_documents_and_as_category_is_refused():
    frame = pd.DataFrame({"text": DOCUMENTS, "n": np.arange(4.0)})
    parts = [("words", CountVectorizer(), "text"), ("category", OneHotEncoder(), ["text"])]
    with pytest.raises(sk2torch.UnsupportedParameter, match="give the other step a copy"):
        sk2torch.wrap(ColumnTransformer(parts).fit(frame))
    passed = ColumnTransformer([("words", CountVectorizer(), "text"), ("rest", "passthrough", ["text"])])
    passed.set_params(sparse_threshold=0).fit(frame)
    with pytest.raises(sk2torch.UnsupportedParameter, match="give the other step a copy"):
        sk2torch.wrap(passed)


def test_values_in_a_table_are_checked():
    frame = pd.DataFrame({"text": DOCUMENTS, "n": np.arange(4.0)})
    table = ColumnTransformer([("words", CountVectorizer(), "text"), ("n", MaxAbsScaler(), ["n"])])
    pipeline = make_pipeline(table, LogisticRegression()).fit(frame, LABELS)
    model = sk2torch.wrap(pipeline)
    with pytest.raises(sk2torch.InputError, match="columns are missing"):
        model.encode(frame[["n"]])
    with pytest.raises(sk2torch.InputError, match="expected documents that are strings"):
        model.encode(frame.assign(text=[None, *DOCUMENTS[1:]]))
    with pytest.raises(sk2torch.InputError, match="infinity"):
        model.encode(frame.assign(n=np.inf))


def test_quantiles_of_sparse_inputs_are_refused():
    frame = pd.DataFrame({"text": DOCUMENTS, "n": np.arange(4.0)})
    quantiles = QuantileTransformer(n_quantiles=3)
    with pytest.raises(sk2torch.UnsupportedParameter, match="earlier step gives a sparse matrix"):
        sk2torch.wrap(make_pipeline(CountVectorizer(), quantiles).fit(DOCUMENTS))
    # Numbers beside documents are no sparse input.
    table = ColumnTransformer([("words", CountVectorizer(), "text"), ("n", quantiles, ["n"])]).fit(frame)
    assert sk2torch.verify(table, sk2torch.wrap(table), frame)


def test_unseen_category_and_infinite_logarithms_are_refused():
    X = np.array([[0, 1], [1, 0], [1, 2]])
    model = sk2torch.wrap(CategoricalNB().fit(X, [0, 1, 1]))
    for wrong in (2.0, -1.0, 1e300):
        with pytest.raises(ValueError, match="min_categories"):
            model.predict(torch.tensor([[wrong, 0.0]], dtype=torch.float64))
    for family in (MultinomialNB, ComplementNB):
        with np.errstate(divide="ignore", invalid="ignore"):
            estimator = family(alpha=0.0, force_alpha=True).fit(np.eye(3), [0, 1, 2])
        if not np.isfinite(estimator.feature_log_prob_).all():
            with pytest.raises(sk2torch.UnsupportedParameter, match="larger alpha"):
                sk2torch.wrap(estimator)


@pytest.mark.parametrize("seed", [0, 12345])
def test_murmurhash(seed):
    generator = np.random.default_rng(seed)
    words = [generator.bytes(int(n)) for n in generator.integers(0, 30, 500)] + [b"", b"x" * 1000]
    assert murmurhash3(words, seed).tolist() == [murmurhash3_32(word, seed) for word in words]


def test_sparse_matrices_stay_sparse(monkeypatch):
    X = scipy.sparse.random(50, 200, 0.05, random_state=0, format="csr")
    y = np.arange(50) % 3
    monkeypatch.setattr(torch.Tensor, "to_dense", None)
    for steps in ([SGDClassifier(random_state=0)], [Normalizer(), MaxAbsScaler(), LinearRegression()]):
        pipeline = make_pipeline(*steps).fit(X, y)
        model = sk2torch.wrap(pipeline)
        assert model.encode(X.tocsc()).is_sparse_csr
        np.testing.assert_allclose(sk2torch.Predictor(model).predict(X), pipeline.predict(X), rtol=1e-9)
        with pytest.raises(sk2torch.InputError, match="NaN"):
            model.encode(scipy.sparse.csr_matrix(np.full((1, 200), np.nan)))


def test_wide_vocabulary_stays_sparse(monkeypatch, tmp_path):
    words = np.array([f"w{k:05d}" for k in range(100_000)])
    texts = [" ".join(words[k : k + 500]) for k in range(0, len(words), 500)]
    union = FeatureUnion([("a", TfidfVectorizer()), ("b", CountVectorizer(binary=True))])
    pipeline = make_pipeline(union, MaxAbsScaler(), MultinomialNB()).fit(texts, np.arange(len(texts)) % 2)
    generator = np.random.default_rng(0)
    queries = [" ".join(words[generator.integers(0, len(words), 20)]) for _ in range(4096)]
    expected = pipeline.predict_proba(queries)
    model = sk2torch.wrap(pipeline)
    file = sk2torch.Predictor(sk2torch.export(model, tmp_path / "model.pt"))
    monkeypatch.setattr(torch.Tensor, "to_dense", None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert model.encode(queries[:2]).shape == (2, 100_000 * 2)
    for predictor in (sk2torch.Predictor(model), file):
        np.testing.assert_allclose(predictor.predict_proba(queries), expected, rtol=1e-9)
    # Dense, the rows would take 6 GB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def test_graphs_take_wide_rows_in_small_blocks(tmp_path, monkeypatch):
    pipeline = make_pipeline(HashingVectorizer(n_features=2**12), SGDClassifier(random_state=0))
    pipeline.fit(DOCUMENTS, LABELS)
    predictor = sk2torch.Predictor(sk2torch.export(sk2torch.wrap(pipeline), tmp_path / "model.pt2"))
    monkeypatch.setattr(sys.modules["sk2torch.export.runtime"], "_DENSE_CELLS", 2**13)
    shapes = []
    call = predictor._runtime.call
    object.__setattr__(predictor._runtime, "call", lambda method, x: shapes.append(x.shape) or call(method, x))
    np.testing.assert_array_equal(predictor.predict(DOCUMENTS), pipeline.predict(DOCUMENTS))
    assert shapes == [(2, 2**12)] * 2


_WITHOUT_SKLEARN = """
import sys
for name in ("sklearn", "joblib"):
    sys.modules[name] = None
import sk2torch
predictor = sk2torch.Predictor(sys.argv[1])
print(predictor.predict_proba(["the lazy fox", "Äpfel and cats"]).tolist())
"""


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_files_take_documents_where_scikit_learn_is_not_installed(tmp_path, suffix):
    union = FeatureUnion(
        [
            ("words", TfidfVectorizer(stop_words="english", ngram_range=(1, 2))),
            ("characters", TfidfVectorizer(analyzer="char_wb", strip_accents="ascii", ngram_range=(2, 3))),
            ("hashes", HashingVectorizer(n_features=8)),
        ]
    )
    pipeline = make_pipeline(union, LogisticRegression()).fit(DOCUMENTS, LABELS)
    path = sk2torch.export(sk2torch.wrap(pipeline), tmp_path / f"model{suffix}")
    command = [sys.executable, "-c", _WITHOUT_SKLEARN, str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    expected = pipeline.predict_proba(["the lazy fox", "Äpfel and cats"])
    np.testing.assert_allclose(np.array(eval(output)), expected, rtol=1e-12)


@pytest.mark.parametrize("dense", [False, True])
def test_inverse_of_vectorizers(tmp_path, dense):
    records = [{"size": 2.0, "color": "red"}, {"tags": ["a", "b"], "size": 0.5}, {}]
    cases = [(TfidfVectorizer().fit(DOCUMENTS), [*DOCUMENTS, ""]), (DictVectorizer().fit(records), records)]
    for vectorizer, documents in cases:
        matrix = vectorizer.transform(documents)
        matrix = matrix.toarray() if dense else matrix
        model = sk2torch.wrap(vectorizer)
        file = sk2torch.export(model, tmp_path / "model.pt")
        for predictor in (sk2torch.Predictor(model), sk2torch.Predictor(file)):
            actual, expected = predictor.inverse_transform(matrix), vectorizer.inverse_transform(matrix)
            assert [list(row) for row in actual] == [list(row) for row in expected]
            assert isinstance(actual[0], type(expected[0]))


def test_verify_compares_terms_and_dictionaries():
    records = [{"size": 2.0, "color": "red"}, {}]
    for vectorizer, documents in (
        (CountVectorizer().fit(DOCUMENTS), ["", *DOCUMENTS]),
        (DictVectorizer().fit(records), records),
    ):
        report = sk2torch.verify(vectorizer, sk2torch.wrap(vectorizer), documents)
        assert report
        assert [m.n_samples for m in report.methods] == [len(documents)] * 2
