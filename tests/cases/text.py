"""Vectorizers of texts and dictionaries, alone and in pipelines, unions and tables."""

import functools

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from tests.cases import Case, data

# Accents, cases, ligatures, combining marks, surrogates' planes, digits, white space of all kinds, repetitions.
DOCUMENTS = [
    "The quick brown fox jumps over the lazy dog; the dog sleeps.",
    "Ünïcödé CAFÉ café cafe\u0301 naïve Straße ﬁne ﬂow",
    "don't stop-me_now 12 3.14 a b c x1 x_2 e-mail@example.org",
    "  tabs\tand\n\nnewlines   and\u00a0no-break\u2003spaces  ",
    "the of and to in is it that",
    "日本語 テキスト 中文 русский текст ελληνικά العربية हिन्दी",
    "😀 emoji 😀😀 \U0001d4b3\U0001d4ce and İstanbul ǅ ß ẞ",
    "fox fox fox dog dog cat, FOX! Dog? the the",
    "i",
    "brown cat and lazy fox over café",
]
LABELS = np.array(["a", "b", "a", "c", "b", "c", "a", "b", "c", "a"] * 2)


@functools.cache
def texts():
    """20 documents and string labels; every word of the second half comes in the first."""
    return [*DOCUMENTS, *[" ".join(reversed(d.split(" "))) for d in DOCUMENTS]], LABELS


def documents():
    """``texts`` without labels."""
    return texts()[0], None


def as_series():
    """``texts`` as a series with an index of its own."""
    X, y = texts()
    return pd.Series(X, index=range(5, 5 + len(X)), name="text"), y


def as_bytes():
    """``texts`` as bytes in Latin-1, of which not all can be decoded."""
    return [d.encode("latin-1", "replace") + b"\xff\xfe ok" for d in documents()[0]], None


def with_unknown(X):
    """The documents, an empty one, and one of words that were never seen."""
    return [*X, "", "   ", "zebra quagga okapi"]


@functools.cache
def table():
    """A DataFrame of numbers, categories and two columns of documents."""
    X, y = texts()
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "price": generator.normal(size=len(X)),
            "review": X,
            "city": generator.choice(["Oslo", "Rome"], len(X)),
            "title": [d[:12] for d in reversed(X)],
            "stars": generator.integers(0, 5, len(X)),
        }
    )
    return frame, y


@functools.cache
def records():
    """20 dictionaries of numbers, strings, lists of strings and None."""
    generator = np.random.default_rng(1)
    words = ["red", "green", "blue"]
    X = []
    for k in range(20):
        record = {"size": float(generator.normal()), "color": words[k % 3], "count": int(generator.integers(0, 3))}
        if k % 2:
            record["tags"] = [words[j] for j in generator.integers(0, 3, 3)]
        if k % 5 == 0:
            record["flag"] = True
        X.append(record)
    return X, LABELS


def dictionaries():
    """``records`` without labels."""
    return records()[0], None


def with_unknown_names(X):
    """The dictionaries, an empty one, and one of names and values that were never seen."""
    return [*X, {}, {"color": "pink", "weight": 3.0, "size": 0}]


def numbers_only():
    """``records`` of numbers and strings."""
    return [{k: v for k, v in record.items() if k != "tags"} for record in records()[0]], None


def pairs():
    """``numbers_only`` as lists of pairs, with names that occur twice."""
    return [[*record.items(), ("size", 2.0)] for record in numbers_only()[0]], None


def tokens():
    """``texts`` as lists of strings."""
    return [d.split() for d in texts()[0]], None


@functools.cache
def counts():
    """A sparse matrix of counts."""
    return CountVectorizer().fit_transform(texts()[0]), None


def float_counts():
    """The same in floating point."""
    return counts()[0].astype(np.float64), None


def dense_counts():
    """The same, dense."""
    return counts()[0].toarray(), None


def single_precision():
    """``regression`` in float32."""
    return data.regression()[0].astype(np.float32), None


def same(X):
    return X


NO_SLOPE = {"gradient": "the logarithm of counts jumps where a count leaves zero"}


def of_text(name, make, source=documents, query=with_unknown, **options):
    cls = type(make()).__name__
    return Case(f"{cls}-{name}" if name else cls, make, source, query=query, **options)


CASES = [
    of_text("", CountVectorizer),
    of_text("words", lambda: CountVectorizer(ngram_range=(1, 3), stop_words="english", lowercase=False)),
    of_text("bigrams", lambda: CountVectorizer(ngram_range=(2, 2), stop_words=["the", "fox"], min_df=1, max_df=0.9)),
    of_text("char", lambda: CountVectorizer(analyzer="char", ngram_range=(1, 3), max_features=50)),
    of_text("char-long", lambda: CountVectorizer(analyzer="char", ngram_range=(2, 4), strip_accents="unicode")),
    of_text("char-wb", lambda: CountVectorizer(analyzer="char_wb", ngram_range=(1, 5), strip_accents="ascii")),
    of_text("accents-ascii", lambda: CountVectorizer(strip_accents="ascii", binary=True)),
    of_text("accents-unicode", lambda: CountVectorizer(strip_accents="unicode", lowercase=False, dtype=np.float32)),
    of_text("pattern", lambda: CountVectorizer(token_pattern=r"(?u)\b\w+\b", min_df=2)),
    of_text("group", lambda: CountVectorizer(token_pattern=r"(?i)\b(\w)\w*\b")),
    of_text("vocabulary", lambda: CountVectorizer(vocabulary={"fox": 2, "dog": 0, "never seen": 1, "the": 3})),
    of_text("vocabulary-list", lambda: CountVectorizer(vocabulary=["cat", "Fox", "the"], dtype=np.uint8)),
    of_text("vocabulary-set", lambda: CountVectorizer(vocabulary={"cat", "dog", "lazy fox"}, ngram_range=(1, 2))),
    of_text("series", CountVectorizer, as_series, same),
    of_text(
        "bytes", lambda: CountVectorizer(decode_error="ignore", encoding="ascii"), as_bytes, lambda X: [*X, "a fox ok"]
    ),
    of_text("bytes-replaced", lambda: CountVectorizer(decode_error="replace"), as_bytes, same),
    of_text("bool", lambda: CountVectorizer(dtype=bool)),
    of_text("", TfidfVectorizer),
    of_text("sublinear", lambda: TfidfVectorizer(sublinear_tf=True, norm="l1"), xfail=NO_SLOPE, primary=True),
    of_text("no-idf", lambda: TfidfVectorizer(use_idf=False, norm=None)),
    of_text("not-smooth", lambda: TfidfVectorizer(smooth_idf=False, binary=True, analyzer="char_wb")),
    of_text(
        "float32",
        lambda: TfidfVectorizer(dtype=np.float32),
        # scikit-learn computes in single precision, which is what was asked for.
        tolerance=1e-6,
    ),
    of_text("", lambda: HashingVectorizer(n_features=32)),
    of_text("l1", lambda: HashingVectorizer(n_features=7, norm="l1", alternate_sign=False, ngram_range=(1, 2))),
    of_text("counts", lambda: HashingVectorizer(n_features=16, norm=None, analyzer="char", dtype=np.int32)),
    # Signs cancel in some columns, which are ones all the same.
    of_text("binary", lambda: HashingVectorizer(n_features=5, norm=None, binary=True)),
    of_text("stop-words", lambda: HashingVectorizer(n_features=64, stop_words="english", strip_accents="unicode")),
    Case("TfidfTransformer", TfidfTransformer, counts),
    Case("TfidfTransformer-dense", lambda: TfidfTransformer(norm="l1", smooth_idf=False), dense_counts, query=same),
    Case("TfidfTransformer-sublinear", lambda: TfidfTransformer(sublinear_tf=True), counts, xfail=NO_SLOPE),
    Case("TfidfTransformer-plain", lambda: TfidfTransformer(use_idf=False, norm=None), counts),
    of_text("", DictVectorizer, dictionaries, with_unknown_names),
    of_text("dense", lambda: DictVectorizer(sparse=False, separator="->"), dictionaries, with_unknown_names),
    of_text("unsorted", lambda: DictVectorizer(sort=False, dtype=np.float32), dictionaries, with_unknown_names),
    of_text("integers", lambda: DictVectorizer(dtype=int), dictionaries, with_unknown_names),
    of_text("", lambda: FeatureHasher(n_features=16), numbers_only, with_unknown_names),
    of_text("pairs", lambda: FeatureHasher(n_features=9, input_type="pair", alternate_sign=False), pairs, same),
    of_text("strings", lambda: FeatureHasher(n_features=12, input_type="string", dtype=int), tokens, same),
    of_text("text-tfidf", lambda: make_pipeline(CountVectorizer(), TfidfTransformer(), LogisticRegression()), texts),
    of_text("text-linear", lambda: make_pipeline(TfidfVectorizer(), LinearSVC()), texts, primary=True),
    of_text("text-after-passthrough", lambda: make_pipeline("passthrough", CountVectorizer(), MultinomialNB()), texts),
    of_text(
        "text-hashing",
        lambda: make_pipeline(HashingVectorizer(n_features=64), SGDClassifier(loss="log_loss", random_state=0)),
        as_series,
        same,
    ),
    of_text(
        "text-scaled",
        lambda: make_pipeline(CountVectorizer(), StandardScaler(with_mean=False), BernoulliNB()),
        texts,
        differentiable=(),
    ),
    of_text("text-inverse", lambda: make_pipeline(CountVectorizer(), StandardScaler(with_mean=False))),
    Case("TruncatedSVD", lambda: TruncatedSVD(3, random_state=0), lambda: (data.regression()[0], None)),
    Case("TruncatedSVD-sparse", lambda: TruncatedSVD(4, algorithm="arpack", random_state=0), float_counts),
    Case("TruncatedSVD-float32", lambda: TruncatedSVD(1, random_state=0), single_precision, query=np.float64),
    of_text(
        "text-svd",
        lambda: make_pipeline(
            TfidfVectorizer(), TruncatedSVD(3, random_state=0), StandardScaler(), LogisticRegression()
        ),
        texts,
    ),
    of_text(
        "text-forest",
        lambda: make_pipeline(TfidfVectorizer(), RandomForestClassifier(5, random_state=0)),
        texts,
        differentiable=(),
    ),
    of_text("text-records", lambda: make_pipeline(DictVectorizer(), LogisticRegression()), records, with_unknown_names),
    of_text(
        "text-union",
        lambda: make_pipeline(
            FeatureUnion(
                [
                    ("words", TfidfVectorizer()),
                    (
                        "characters",
                        make_pipeline(CountVectorizer(analyzer="char", ngram_range=(2, 2)), TfidfTransformer()),
                    ),
                    ("again", TfidfVectorizer(norm=None, use_idf=False)),
                    ("topics", make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0))),
                ],
                transformer_weights={"characters": 0.5},
            ),
            LogisticRegression(),
        ),
        texts,
    ),
    of_text(
        "of-counts",
        lambda: FeatureUnion([("a", CountVectorizer()), ("b", CountVectorizer(analyzer="char", dtype=np.int32))]),
    ),
    of_text(
        "texts",
        lambda: VotingClassifier(
            [
                ("a", make_pipeline(CountVectorizer(), ComplementNB())),
                ("b", make_pipeline(TfidfVectorizer(), LogisticRegression())),
            ],
            voting="soft",
        ),
        texts,
    ),
    Case(
        "ColumnTransformer-text",
        lambda: ColumnTransformer(
            [
                ("review", TfidfVectorizer(), "review"),
                ("numbers", StandardScaler(), ["stars", "price"]),
                ("city", OneHotEncoder(), ["city"]),
                ("title", CountVectorizer(analyzer="char", max_features=9), "title"),
            ],
            transformer_weights={"review": 2.0},
        ),
        table,
        differentiable=(),
        xfail={
            "gradient": "weights of terms and scaled numbers have slopes, but categories have no finite differences"
        },
    ),
    Case(
        "ColumnTransformer-text-dense",
        lambda: ColumnTransformer(
            [("review", HashingVectorizer(n_features=8), 1), ("numbers", StandardScaler(), [4, 0])], sparse_threshold=0
        ),
        table,
        # The norm of a row has no slope in a document without terms.
        query=lambda X: X.iloc[::-2],
    ),
    Case(
        "Pipeline-text-table",
        lambda: make_pipeline(
            ColumnTransformer(
                [
                    ("city", OneHotEncoder(handle_unknown="ignore"), ["city"]),
                    (
                        "texts",
                        FeatureUnion(
                            [
                                ("words", make_pipeline(CountVectorizer(), TfidfTransformer())),
                                ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3))),
                            ]
                        ),
                        "review",
                    ),
                ],
                remainder="drop",
            ),
            Ridge(),
        ),
        lambda: (table()[0], table()[0]["price"].to_numpy()),
        query=lambda X: X[["title", "city", "review"]].assign(city="Paris", extra=1),
        primary=True,
    ),
]
