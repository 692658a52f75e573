"""Analyzers, hashes and dictionaries are scikit-learn's on any text."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB

from tests.properties import strategies

# Words, accents, white space of all kinds, and anything else that UTF-8 can hold.
CHARACTERS = st.one_of(st.sampled_from("abc AB éÉß\u0301ﬁ\t\n\u00a0_-'12"), st.characters(codec="utf-8"))
TEXTS = st.lists(st.text(CHARACTERS, max_size=25), min_size=1, max_size=6)
NAMES = st.sampled_from(["a", "b", "a=x", "ä", ""])
VALUES = st.one_of(st.floats(-4, 4), st.integers(-3, 3), st.booleans(), st.sampled_from(["x", "y", "é"]))


@st.composite
def analyses(draw):
    fewest = draw(st.integers(1, 3))
    return {
        "analyzer": draw(st.sampled_from(["word", "char", "char_wb"])),
        "ngram_range": (fewest, draw(st.integers(fewest, 4))),
        "strip_accents": draw(st.sampled_from([None, "ascii", "unicode"])),
        "lowercase": draw(st.booleans()),
        "binary": draw(st.booleans()),
        "token_pattern": draw(st.sampled_from([r"(?u)\b\w\w+\b", r"(?u)\b\w+\b", r"(?u)(\w)\w*", r"\S+"])),
    }


@settings(max_examples=30, deadline=None)
@given(TEXTS, TEXTS, analyses(), st.sampled_from(["l1", "l2", None]), st.booleans())
def test_texts(texts, queries, options, norm, flag):
    counts = strategies.fit(CountVectorizer(**options), texts)
    strategies.compare(counts, [*queries, *texts], methods=["transform"])
    weights = strategies.fit(TfidfVectorizer(**options, norm=norm, sublinear_tf=flag, smooth_idf=not flag), texts)
    strategies.compare(weights, [*queries, *texts], methods=["transform"])
    hashes = HashingVectorizer(n_features=11, norm=norm, alternate_sign=flag, **options)
    strategies.compare(hashes, queries, methods=["transform"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES), min_size=1, max_size=6), st.booleans())
def test_dictionaries(records, flag):
    strategies.compare(strategies.fit(DictVectorizer(sparse=flag), records[::2]), records, methods=["transform"])
    strategies.compare(FeatureHasher(5, alternate_sign=flag), records)


@settings(max_examples=15, deadline=None)
@given(st.data(), st.sampled_from([MultinomialNB, ComplementNB, BernoulliNB, GaussianNB]))
def test_naive_bayes(drawn, family):
    X = drawn.draw(strategies.tables(kinds=strategies.ORDINARY, nonnegative=True, rows=(2, 20)))
    y = drawn.draw(strategies.labels(len(X)))
    options = {} if family is GaussianNB else {"alpha": drawn.draw(st.floats(0.01, 3))}
    estimator = strategies.fit(family(**options), X, y)
    # Ties between classes are broken by rounding.
    strategies.compare(estimator, np.abs(X[::-1] + 0.1), methods=["predict_joint_log_proba", "predict_proba"])
