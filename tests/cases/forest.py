"""Forests."""

import functools

from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

from tests.cases import data, tree

TreeCase, MissingCase = tree.TreeCase, tree.MissingCase
small = functools.partial(dict, n_estimators=5, random_state=0)

CASES = [
    TreeCase("RandomForestClassifier", lambda: RandomForestClassifier(**small(max_depth=4)), data.multiclass),
    TreeCase("RandomForestClassifier-deep", lambda: RandomForestClassifier(**small()), data.binary_words),
    TreeCase(
        "RandomForestClassifier-ties",
        lambda: RandomForestClassifier(**small(n_estimators=6, max_depth=3, bootstrap=False)),
        tree.whole_numbers,
    ),
    TreeCase(
        "RandomForestClassifier-weights",
        lambda: RandomForestClassifier(
            **small(criterion="entropy", class_weight="balanced_subsample", max_samples=0.5, max_leaf_nodes=7)
        ),
        data.booleans,
    ),
    MissingCase("RandomForestClassifier-missing", lambda: RandomForestClassifier(**small()), data.missing_binary),
    TreeCase("RandomForestClassifier-one-tree", lambda: RandomForestClassifier(**small(n_estimators=1)), data.words),
    TreeCase("RandomForestClassifier-one-class", lambda: RandomForestClassifier(**small()), data.one_class),
    TreeCase(
        "RandomForestClassifier-multi-output-words",
        lambda: RandomForestClassifier(**small(max_depth=4)),
        data.multi_output_words,
    ),
    TreeCase("RandomForestClassifier-multilabel", lambda: RandomForestClassifier(**small()), data.multilabel),
    TreeCase(
        "RandomForestClassifier-monotonic",
        lambda: RandomForestClassifier(**small(monotonic_cst=[1, 0, -1, 0, 0], oob_score=False, ccp_alpha=0.01)),
        data.binary,
    ),
    TreeCase("ExtraTreesClassifier", lambda: ExtraTreesClassifier(**small(max_depth=3)), data.words),
    MissingCase(
        "ExtraTreesClassifier-missing",
        lambda: ExtraTreesClassifier(**small(criterion="log_loss", bootstrap=True)),
        data.missing_binary,
    ),
    TreeCase(
        "ExtraTreesClassifier-multilabel", lambda: ExtraTreesClassifier(**small(max_features=None)), data.multilabel
    ),
    TreeCase("RandomForestRegressor", lambda: RandomForestRegressor(**small(max_depth=4)), data.regression),
    TreeCase(
        "RandomForestRegressor-poisson",
        lambda: RandomForestRegressor(**small(criterion="poisson", max_features="sqrt")),
        tree.counts,
    ),
    TreeCase(
        "RandomForestRegressor-absolute",
        lambda: RandomForestRegressor(**small(criterion="absolute_error", n_estimators=3, max_depth=4)),
        data.regression,
    ),
    MissingCase("RandomForestRegressor-missing", lambda: RandomForestRegressor(**small()), data.missing_regression),
    TreeCase("RandomForestRegressor-multi", lambda: RandomForestRegressor(**small()), data.multi_regression),
    TreeCase("ExtraTreesRegressor", lambda: ExtraTreesRegressor(**small(max_depth=3)), data.regression),
    MissingCase(
        "ExtraTreesRegressor-multi-missing",
        lambda: ExtraTreesRegressor(**small()),
        data.missing_regression,
        fit=lambda estimator, X, y: estimator.fit(X, [[t, -2 * t] for t in y]),
    ),
    TreeCase(
        "ExtraTreesRegressor-monotonic",
        lambda: ExtraTreesRegressor(**small(monotonic_cst=[0, 1, 0, 0, 0], min_samples_leaf=3)),
        data.regression,
    ),
]
