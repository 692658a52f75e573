"""Linear models."""

from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

from tests.cases import Case, data

CASES = [
    Case("LogisticRegression", LogisticRegression, data.multiclass),
    Case("LogisticRegression-binary-words", LogisticRegression, data.binary_words),
    Case("LogisticRegression-liblinear", lambda: LogisticRegression(solver="liblinear"), data.binary),
    Case("LogisticRegression-booleans", lambda: LogisticRegression(fit_intercept=False), data.booleans),
    Case("LogisticRegressionCV", lambda: LogisticRegressionCV(Cs=3, cv=3), data.words),
]
