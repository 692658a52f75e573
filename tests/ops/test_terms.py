"""Words that compiled code counts are those of the regular expression."""

import copy
import pickle
from array import array

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

import sk2torch
from sk2torch.base.document_readers import TermCounts
from sk2torch.native import kernel
from sk2torch.ops.terms import WordIndex
from tests.cases.text import DOCUMENTS

ASCII = [
    "",
    " \x00\x1f~!",
    "a",
    "aa A_a _ __ _9 9 99 a\x00b ab\x00cd",
    "The THE the tHe, the-the.the\x7fthe",
    "x" * 1000 + " " + "y" * 1000,
    " ".join(f"w{i % 90} W{i % 7}" for i in range(500)),
    "".join(map(chr, range(128))) * 2,
    "end",
]
STRANGE = [
    *DOCUMENTS,
    "ᴬbc ᴬBC abc",
    "lone \ud800 \ud800\ud801 halves",
    "ÀÉ àé",
    "İI \u0131i \u017fs",
    "ﬀ ff a\u0301a\u0301 ³ ³³ Ⅷ",
]

SETTINGS = {
    "plain": {},
    "case": {"lowercase": False},
    "stop words": {"stop_words": ["the", "w1", "aa"]},
    "accents": {"strip_accents": "unicode"},
    "ascii": {"strip_accents": "ascii", "lowercase": False},
    "binary": {"binary": True},
    "vocabulary": {"vocabulary": ["THE", "the", "w3", "a", "é", "àé", "", "aa", "w1"], "stop_words": ["w1"]},
    "few": {"max_features": 3},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("documents", [ASCII, STRANGE, [*STRANGE, *ASCII]], ids=["ascii", "strange", "both"])
def test_words_of_scikit_learn(settings, documents):
    vectorizer = CountVectorizer(**settings).fit([*ASCII, *STRANGE])
    reader = sk2torch.wrap(vectorizer).encoding.columns[0].readers[0]
    expected = vectorizer.transform(documents)
    expected.sort_indices()
    for given in (documents, np.array(documents, dtype=object), pd.Series(documents, dtype=object)):
        rows = reader.rows(given)
        assert reader._counted_words(documents) is not None
        for found, right in zip(rows, (expected.indptr, expected.indices, expected.data), strict=True):
            np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize(
    "settings",
    [{"token_pattern": r"\b\w+\b"}, {"ngram_range": (1, 2)}, {"analyzer": "char"}, {"tokenizer": str.split}],
    ids=str,
)
@pytest.mark.filterwarnings("ignore")
def test_other_terms_are_left_to_python(settings):
    vectorizer = TfidfVectorizer(**settings).fit(ASCII)
    reader = sk2torch.wrap(vectorizer).encoding.columns[0].readers[0]
    assert isinstance(reader, TermCounts)
    assert reader._counted_words(ASCII) is None
    expected = vectorizer.transform(ASCII)
    expected.sort_indices()
    np.testing.assert_array_equal(reader.rows(ASCII).columns, expected.indices)


def test_copies_and_other_processes_find_words_too():
    reader = sk2torch.wrap(CountVectorizer().fit(ASCII)).encoding.columns[0].readers[0]
    expected = reader.rows(ASCII)
    copied = pickle.loads(pickle.dumps(reader))
    assert copied == reader
    assert "words" in vars(reader)
    assert "words" not in vars(copied)
    np.testing.assert_array_equal(copied.rows(ASCII).values, expected.values)


def test_an_index_made_without_the_library(monkeypatch):
    with monkeypatch.context() as settings:
        settings.setattr("sk2torch.ops.terms.kernel", lambda *types: None)
        index = WordIndex(["the"], [False])
    assert index.counts(["the"], True) is None
    found = WordIndex(["the"], [False]).counts(["the"], True)
    assert found is not None
    assert found[2] == [1.0]


def test_documents_that_are_no_strings():
    model = sk2torch.wrap(CountVectorizer().fit(ASCII))
    with pytest.raises(sk2torch.InputError, match="nan"):
        model.encode(["the", np.nan])
    assert model.encode([b"the the"]).to_dense().sum() == 2


@pytest.mark.skipif(kernel("count_terms") is None, reason="no compiled kernels here")
def test_counts_lie_in_one_array():
    index = WordIndex(["aa", "bb", "cc"], [False, False, False])
    copied = copy.deepcopy(index)
    index.slots[:] = array("i", [-1]) * len(index.slots)
    for texts in ([], [""], ["", "bb", "", "cc aa cc"], ["aa"] * 1000):
        starts, columns, counts = copied.counts(texts, True)
        words = [[text.split().count(word) for word in ("aa", "bb", "cc")] for text in texts]
        found = csr_array((counts, columns, starts), shape=(len(texts), 3)).toarray()
        np.testing.assert_array_equal(found, np.reshape(words, (len(texts), 3)))
        assert (starts.dtype, columns.dtype, counts.dtype) == (np.int64, np.int64, np.float64)
    assert index.counts(["aa"], True)[1].size == 0
