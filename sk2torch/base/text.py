"""From documents to terms, as scikit-learn's vectorizers make them, out of plain settings."""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from sk2torch.base.errors import InputError, UnsupportedParameter

_WHITE_SPACES = re.compile(r"\s\s+")
# Settings that may be functions of the user's.
_FUNCTIONS = ("analyzer", "preprocessor", "tokenizer", "strip_accents")


@dataclass(frozen=True)
class TextAnalysis:
    """The settings of a vectorizer that turn a document into a list of terms.

    Args:
        input: ``"content"``, ``"filename"`` or ``"file"``: what a document is.
        encoding: of documents that are bytes.
        decode_error: ``"strict"``, ``"ignore"`` or ``"replace"``.
        strip_accents: None, ``"ascii"``, ``"unicode"`` or a function.
        lowercase: whether case is ignored.
        preprocessor: None, or a function in place of the two before.
        tokenizer: None, or a function in place of ``token_pattern``.
        token_pattern: regular expression of a token, with at most one group.
        stop_words: tokens that are left out, or None.
        ngrams: fewest and most tokens, or characters, of a term.
        analyzer: ``"word"``, ``"char"``, ``"char_wb"``, or a function in place of all but the decoding.
    """

    input: str
    encoding: str
    decode_error: str
    strip_accents: Any
    lowercase: bool
    preprocessor: Callable[[Any], Any] | None
    tokenizer: Callable[[Any], Iterable[Any]] | None
    token_pattern: str | None
    stop_words: frozenset[Any] | None
    ngrams: tuple[int, int]
    analyzer: Any

    @classmethod
    def of(cls, vectorizer: Any) -> "TextAnalysis":
        """The settings of a vectorizer of scikit-learn."""
        names = ["input", "encoding", "decode_error", "strip_accents", "preprocessor", "tokenizer", "token_pattern"]
        is_word = isinstance(vectorizer.analyzer, str) and vectorizer.analyzer == "word"
        stop_words = vectorizer.get_stop_words() if is_word else None
        return cls(
            **{name: getattr(vectorizer, name) for name in names},
            lowercase=bool(vectorizer.lowercase),
            stop_words=None if stop_words is None else frozenset(stop_words),
            ngrams=(int(vectorizer.ngram_range[0]), int(vectorizer.ngram_range[1])),
            analyzer=vectorizer.analyzer,
        )

    def analyzer_function(self) -> Callable[[Any], Iterable[Any]]:
        """The function from a document to its terms.

        It raises ``InputError`` for a document that is no text, and whatever the user's functions raise.
        """
        if callable(self.analyzer):
            analyze = self.analyzer
            return lambda document: analyze(self._decoded(document))
        preprocess = self._preprocessor()
        if self.analyzer != "word":
            split = _char_ngrams if self.analyzer == "char" else _char_wb_ngrams
            return lambda document: split(_text(preprocess(self._decoded(document))), *self.ngrams)
        tokenize = self.tokenizer
        if tokenize is None:
            find = re.compile(self.token_pattern or "").findall
            tokenize = lambda document: find(_text(document))  # noqa: E731  (one of two functions)
        stop_words, ngrams = self.stop_words, self.ngrams

        def terms(document: Any) -> Iterable[Any]:
            tokens = tokenize(preprocess(self._decoded(document)))
            return _word_ngrams(tokens, stop_words, *ngrams)

        return terms

    @property
    def finds_words(self) -> bool:
        """Whether terms are scikit-learn's usual words: two letters, digits or ``_`` or more; never several at once."""
        is_plain = self.input == "content" and self.preprocessor is None and not callable(self.strip_accents)
        is_word = self.analyzer == "word" and self.tokenizer is None and self.token_pattern == r"(?u)\b\w\w+\b"
        return is_plain and is_word and self.ngrams == (1, 1)

    def _decoded(self, document: Any) -> Any:
        if self.input == "filename":
            with open(document, "rb") as file:
                document = file.read()
        elif self.input == "file":
            document = document.read()
        if isinstance(document, bytes):
            document = document.decode(self.encoding, self.decode_error)
        return _text(document) if document is np.nan else document

    def _preprocessor(self) -> Callable[[Any], Any]:
        if self.preprocessor is not None:
            return self.preprocessor
        steps: list[Callable[[Any], Any]] = []
        if self.lowercase:
            steps.append(_lowered)
        if callable(self.strip_accents):
            steps.append(self.strip_accents)
        elif self.strip_accents:
            steps.append(_without_accents_ascii if self.strip_accents == "ascii" else _without_accents_unicode)
        return lambda document: functools.reduce(lambda value, step: step(value), steps, document)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready description; ``from_dict`` reads it back.

        Raises:
            UnsupportedParameter: a function among the settings.
        """
        functions = [name for name in _FUNCTIONS if callable(getattr(self, name))]
        if functions:
            raise UnsupportedParameter(
                f"cannot store the function {functions[0]}= of a vectorizer in an artifact; use the vectorizer's own "
                "settings, or apply it to the documents first. The model in memory, and its pickle, keep the function."
            )
        settings = {field.name: getattr(self, field.name) for field in fields(self)}
        # Tokens are strings here, so no other stop word ever matches.
        words = None if self.stop_words is None else sorted(w for w in self.stop_words if isinstance(w, str))
        return {**settings, "stop_words": words, "ngrams": list(self.ngrams)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "TextAnalysis":
        words = None if data["stop_words"] is None else frozenset(data["stop_words"])
        return cls(**{**data, "stop_words": words, "ngrams": tuple(data["ngrams"])})


def _text(document: Any) -> str:
    if not isinstance(document, str):
        raise InputError(
            f"expected documents that are strings, got {document!r:.80} of type {type(document).__name__}; "
            "replace missing ones by ''."
        )
    return document


def _lowered(document: Any) -> Any:
    # Whatever can be lowered will do, as in scikit-learn.
    return document.lower() if hasattr(document, "lower") else _text(document)


def _without_accents_ascii(document: Any) -> str:
    return unicodedata.normalize("NFKD", _text(document)).encode("ASCII", "ignore").decode("ASCII")


def _without_accents_unicode(document: Any) -> str:
    if _text(document).isascii():
        return document
    return "".join(c for c in unicodedata.normalize("NFKD", document) if not unicodedata.combining(c))


def _word_ngrams(tokens: Iterable[Any], stop_words: frozenset[Any] | None, fewest: int, most: int) -> Iterable[Any]:
    if stop_words is not None:
        tokens = [token for token in tokens if token not in stop_words]
    if most == 1:
        return tokens
    tokens = list(tokens)
    # Single tokens need not be strings.
    terms = list(tokens) if fewest == 1 else []
    for n in range(2 if fewest == 1 else fewest, min(most, len(tokens)) + 1):
        terms += [" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
    return terms


def _char_ngrams(document: str, fewest: int, most: int) -> list[str]:
    document = _WHITE_SPACES.sub(" ", document)
    lengths = range(fewest, min(most, len(document)) + 1)
    return [document[i : i + n] for n in lengths for i in range(len(document) - n + 1)]


def _char_wb_ngrams(document: str, fewest: int, most: int) -> list[str]:
    """Character n-grams inside of words, which are padded with a space on either side."""
    terms: list[str] = []
    for bare in document.split():
        word = f" {bare} "
        for n in range(fewest, most + 1):
            terms += [word[i : i + n] for i in range(max(len(word) - n, 0) + 1)]
            if n >= len(word):
                # A short word counts once.
                break
    return terms
