"""Trees in ONNX graphs as ``TreeEnsemble`` give the very bits of the module."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    RandomTreesEmbedding,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import sk2torch
from sk2torch.blocks.forest import Forest
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.blocks.tree_packing import TreeNodes, pack_forest
from sk2torch.export import load_runtime
from sk2torch.export.quiet import quiet_torch
from sk2torch.export.tree_attributes import HostTrees, double_thresholds, sums_exactly
from sk2torch.export.tree_ensemble import place_trees, translations
from sk2torch.ops.forest import exported_operators
from tests.cases import data
from tests.ops.test_forest import random_tree
from tests.ops.test_forest_native import forest_of, table


class Questions(torch.nn.Module):
    """Leaves and sums of one forest."""

    def __init__(self, sums: LeafSum) -> None:
        super().__init__()
        self.sums = sums

    def forward(self, x: torch.Tensor, start: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.sums.forest(x), self.sums(x, start)


def session_of(module: torch.nn.Module, *inputs: torch.Tensor) -> onnxruntime.InferenceSession:
    batch = torch.export.Dim("batch")
    shapes = tuple({0: batch} for _ in inputs)
    with quiet_torch(), exported_operators():
        program = torch.export.export(module, inputs, dynamic_shapes=shapes)
        program = torch.onnx.export(program, dynamo=True, verbose=False, custom_translation_table=translations())
    place_trees(program.model)
    return onnxruntime.InferenceSession(program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])


def assert_bits(module: torch.nn.Module, *inputs: torch.Tensor) -> onnxruntime.InferenceSession:
    """The graph gives what the module gives, for all the rows, one and none."""
    session = session_of(module, *(tensor[:2] for tensor in inputs))
    for rows in (inputs[0].shape[0], 1, 0):
        some = [tensor[:rows] for tensor in inputs]
        results = session.run(None, {i.name: t.numpy() for i, t in zip(session.get_inputs(), some, strict=True)})
        with torch.no_grad():
            expected = module(*some)
        for actual, wanted in zip(results, expected if isinstance(expected, tuple) else (expected,), strict=True):
            assert actual.dtype == wanted.numpy().dtype
            np.testing.assert_array_equal(actual, wanted.numpy())
    return session


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("categories", [True, False])
def test_agrees_with_torch(categories, single, dtype):
    generator = np.random.default_rng(5)
    # Trees that are a leaf are stored in another way.
    forest = forest_of(generator, [4, 0, 6, 2, 0, 9, 3, 1], 5, single, categories)
    values = torch.from_numpy(generator.normal(size=(forest.n_nodes, 3)))
    module = Questions(LeafSum(forest, values, n_groups=2)).to(dtype)
    x = table(generator, 400, 5).to(dtype)
    assert_bits(module, x, torch.from_numpy(generator.normal(size=(400, 6))).to(dtype))


@pytest.mark.parametrize("listed", ["none", "all", "many"])
def test_sets_of_categories_of_any_size(listed):
    generator = np.random.default_rng(6)
    chosen = {"none": np.zeros(256, bool), "all": np.ones(256, bool), "many": generator.random(256) < 0.7}[listed]
    tree = TreeNodes(
        feature=np.array([0, 0, 0]),
        threshold=np.zeros(3),
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        missing_left=np.array([listed == "many", False, False]),
        category_row=np.array([0, -1, -1]),
        left_categories=chosen[None],
        known_categories=(chosen | (np.arange(256) < 100))[None],
    )
    codes = np.concatenate([np.arange(-2.0, 520.0), [np.nan, np.inf, -np.inf, 2.0**31 - 1, 2.0**31, 1e300, 0.5, -0.0]])
    assert_bits(pack_forest([tree, tree], 1, False), torch.from_numpy(codes).unsqueeze(1))


class Sums(torch.nn.Module):
    """Sums that start at zero, as a forest's do."""

    def __init__(self, sums: LeafSum) -> None:
        super().__init__()
        self.sums = sums

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.sums(x, x.new_zeros(1))


def random_forest(single: bool) -> Forest:
    generator = np.random.default_rng(7)
    return pack_forest([random_tree(generator, 4, depth) for depth in (3, 5, 4)], 4, single)


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("kind", ["ones", "thirds", "dyadic", "large"])
def test_sums_of_any_kind_of_values(kind, single):
    generator = np.random.default_rng(8)
    forest = random_forest(single)
    values = np.zeros((forest.n_nodes, 4))
    chosen = (np.arange(forest.n_nodes), generator.integers(0, 4, forest.n_nodes))
    values[chosen] = {
        "ones": 1.0,
        "thirds": generator.integers(1, 9, forest.n_nodes) / 3,
        "dyadic": generator.integers(-900, 900, forest.n_nodes) / 1024,
        "large": 2.0**40 + generator.integers(0, 9, forest.n_nodes),
    }[kind]
    assert_bits(Sums(LeafSum(forest, torch.from_numpy(values))), table(generator, 300, 4))


def test_wide_values_are_added_in_parts():
    generator = np.random.default_rng(9)
    forest = forest_of(generator, [3] * 20, 4, True, False)
    values = torch.from_numpy(generator.random((forest.n_nodes, 50)))
    assert_bits(Sums(LeafSum(forest, values)), table(generator, 100, 4))


def host(values: list[float]) -> tuple[HostTrees, np.ndarray]:
    """Trees of one leaf each."""
    n = len(values)
    children = np.repeat(np.arange(n), 2)
    zeros = np.zeros(n, dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    trees = HostTrees(zeros, np.zeros(n), children, none, np.zeros((0, 257), dtype=bool), np.arange(n))
    return trees, np.array(values).reshape(-1, 1)


@pytest.mark.parametrize(
    ("values", "digits", "exact"),
    [
        ([1.0, 1.0, 0.0], 24, True),
        ([0.5, 0.25, -8.0], 24, True),
        ([0.1, 0.7, 0.7], 53, False),
        ([1.0, 2.0**-24], 24, False),
        ([1.0, 2.0**-24], 53, True),
        ([2.0**52, 2.0**52], 53, True),
        ([2.0**53, 1.0], 53, False),
        ([0.0, 0.0], 24, True),
        ([np.inf, 1.0], 53, False),
        ([np.nan, 1.0], 53, False),
        ([5e-324, 1e-323], 53, True),
    ],
)
def test_which_sums_are_exact_in_any_order(values, digits, exact):
    assert sums_exactly(*host(values), digits) is exact


def test_float64_thresholds_decide_as_rounding_does():
    generator = np.random.default_rng(10)
    largest = np.finfo(np.float32).max
    special = [0.0, -0.0, 1e-45, -1e-45, 1.1754944e-38, 1.0, -2.0, largest, -largest, np.inf, -np.inf]
    threshold = np.concatenate([special, generator.normal(size=500) * 10.0 ** generator.integers(-40, 38, 500)])
    threshold = threshold.astype(np.float32)
    limits = double_thresholds(threshold)
    near = np.stack([np.nextafter(limits, -np.inf), limits, np.nextafter(limits, np.inf), -limits, threshold])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(near <= limits, near.astype(np.float32) <= threshold)


def test_the_operator_adds_where_no_label_depends_on_it(tmp_path):
    X, _ = data.regression()
    model = sk2torch.wrap(RandomForestRegressor(5, random_state=0).fit(X, X[:, 0]))
    path = sk2torch.export(model, tmp_path / "model.onnx", ["predict"], trees="TreeEnsemble")
    assert [node.op_type for node in onnx.load(path).graph.node] == ["TreeEnsemble", "Div", "Gather"]


def test_the_order_of_the_trees_is_kept_for_labels(tmp_path):
    X, y = data.words()
    for methods, is_added in ((["predict"], True), (["decision_function"], False)):
        model = sk2torch.wrap(GradientBoostingClassifier(n_estimators=4, random_state=0).fit(X, y))
        path = sk2torch.export(model, tmp_path / "model.onnx", methods=methods, trees="TreeEnsemble")
        assert ("CumSum" in [node.op_type for node in onnx.load(path).graph.node]) is is_added


ESTIMATORS = {
    "forest": lambda: (RandomForestClassifier(7, max_depth=4, random_state=0), *data.words()),
    "pure forest": lambda: (ExtraTreesClassifier(7, random_state=0), *data.words()),
    "regressor": lambda: (RandomForestRegressor(5, random_state=0), *data.regression()),
    "tree": lambda: (DecisionTreeClassifier(random_state=0), *data.words()),
    "gradient boosting": lambda: (GradientBoostingClassifier(n_estimators=4, random_state=0), *data.words()),
    "histogram boosting": lambda: (HistGradientBoostingRegressor(max_iter=4), *data.missing_binary()),
    "isolation forest": lambda: (IsolationForest(n_estimators=5, random_state=0), *data.words()),
    "adaboost": lambda: (AdaBoostClassifier(n_estimators=5, random_state=0), *data.words()),
    "embedding": lambda: (RandomTreesEmbedding(4, random_state=0), *data.words()),
    "pipeline": lambda: (make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=0)), *data.words()),
    "bagging": lambda: (BaggingClassifier(n_estimators=3, random_state=0), *data.words()),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_method_of_tree_models(name, tmp_path):
    estimator, X, y = ESTIMATORS[name]()
    estimator.fit(X, y)
    model = sk2torch.wrap(estimator)
    path = sk2torch.export(model, tmp_path / "model.onnx", trees="TreeEnsemble")
    proto = onnx.load(path)
    domains = {entry.domain: entry.version for entry in proto.opset_import}
    assert domains == {"": 18, "ai.onnx.ml": 5}
    nodes = [node for node in proto.graph.node if node.domain == "ai.onnx.ml"]
    assert nodes
    assert {node.op_type for node in nodes} - {"LabelEncoder"} == {"TreeEnsemble"}
    runtime = load_runtime(path)
    x = model.encode(X)
    for method in runtime.methods:
        for rows in (x, x[:1], x[:0]):
            with torch.no_grad():
                expected = getattr(model, method)(rows)
            expected = expected.to_dense() if expected.is_sparse_csr else expected
            actual = runtime.call(method, rows)
            assert actual.dtype == expected.dtype
            torch.testing.assert_close(actual, expected, rtol=1e-15, atol=1e-15)


def test_a_predictor_reads_the_file(tmp_path):
    X, y = data.words()
    estimator = RandomForestClassifier(5, max_depth=3, random_state=0).fit(X, y)
    path = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.onnx", trees="TreeEnsemble")
    predictor = sk2torch.Predictor(path)
    np.testing.assert_array_equal(predictor.predict(X), estimator.predict(X))
    np.testing.assert_array_equal(predictor.predict_proba(X), estimator.predict_proba(X))


@pytest.mark.parametrize("trees", ["standard", "TreeEnsemble"])
def test_the_metadata_say_how_trees_are_stored(trees, tmp_path):
    X, y = data.words()
    estimator = DecisionTreeClassifier(max_depth=2).fit(X, y)
    proto = onnx.load(sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.onnx", trees=trees, table=False))
    (entry,) = [prop.value for prop in proto.metadata_props if prop.key == "sk2torch.json"]
    assert f'"trees": "{trees}"' in entry
    assert ("ai.onnx.ml" in {o.domain for o in proto.opset_import}) == (trees == "TreeEnsemble")


def test_models_without_trees_are_as_ever(tmp_path):
    X, _ = data.regression()
    path = sk2torch.export(sk2torch.wrap(StandardScaler().fit(X)), tmp_path / "model.onnx", trees="TreeEnsemble")
    assert {entry.domain for entry in onnx.load(path).opset_import} == {""}


def test_other_forms_are_refused(tmp_path):
    X, _ = data.regression()
    with pytest.raises(sk2torch.ArtifactError, match=r"'standard', 'TreeEnsemble'.*got 'fast'"):
        sk2torch.export(sk2torch.wrap(StandardScaler().fit(X)), tmp_path / "model.onnx", trees="fast")


def test_trees_that_are_computed_are_refused():
    forest = random_forest(True)

    class Computed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.forest = forest

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            arrays = self.forest.arrays()
            arrays = arrays._replace(threshold=arrays.threshold + x[0, 0].float())
            return torch.ops.sk2torch.forest_leaves(x, *arrays, self.forest.depth, self.forest.copies_columns)

    with pytest.raises(sk2torch.ArtifactError, match=r"constants of the graph.*trees='standard'"):
        session_of(Computed(), torch.zeros(2, 4, dtype=torch.float64))
