"""Files whose checksum is right and whose tensors are not: refused when loaded, before anything follows them."""

import json

import pytest
import torch
from safetensors.torch import load_file

import sk2torch
from sk2torch.persistence.storage import Reader, write
from tests.cases import fitted
from tests.persistence.test_fuzz import redeclared


def changed(tensor, value):
    """The tensor with ``value`` in its middle; a function gives the whole."""
    if callable(value):
        return value(tensor).contiguous()
    tensor = tensor.clone()
    tensor.view(-1)[tensor.numel() // 2] = value
    return tensor


OUT_OF_RANGE = (-1, 10**6, 2**62, -(2**40))
NODES = "trees.trees.forest"
SEARCHES = ("KNeighborsClassifier", "RadiusNeighborsClassifier", "Isomap", "NearestNeighbors-ball_tree-seuclidean")
HOSTILE = [
    *(("RandomForestClassifier", f"{NODES}.{t}", v) for t in ("child", "feature", "parent") for v in OUT_OF_RANGE),
    *(("RandomForestClassifier", f"{NODES}.child", v) for v in (0, 1)),
    ("RandomForestClassifier", f"{NODES}.roots", 1),
    ("RandomForestClassifier", f"{NODES}.roots", lambda t: t[:0]),
    ("RandomForestClassifier", f"{NODES}.parent", lambda t: t.flip(0)),
    *(("HistGradientBoostingClassifier-from-dtype", "boosting.trees.forest.category_row", v) for v in OUT_OF_RANGE),
    *(("HistGradientBoostingClassifier-from-dtype", "boosting.trees.forest.feature", v) for v in OUT_OF_RANGE),
    ("HistGradientBoostingClassifier-from-dtype", "boosting.trees.forest.category_left", lambda t: t[:-257]),
    *(("HistGradientBoostingClassifier-from-dtype", "columns.encoder.lookup.first", v) for v in OUT_OF_RANGE),
    ("HistGradientBoostingClassifier-from-dtype", "columns.encoder.lookup.answers", lambda t: t[:-1]),
    *(("OrdinalEncoder-table", "results.first", v) for v in OUT_OF_RANGE),
    *((name, "leaves", v) for name in SEARCHES for v in (0, 1, *OUT_OF_RANGE)),
    *((name, "leaves", lambda t: t[:-1]) for name in SEARCHES),
    *((name, "leaves", lambda t: t[:0]) for name in SEARCHES),
    *((name, "lower", lambda t: t[:-1]) for name in SEARCHES),
    ("NearestNeighbors-places", "storage", lambda t: t.flip(0)),
    *(("SVC-multiclass", "expansion.weights", f) for f in (lambda t: t[:, :-1], lambda t: t[:, :0], lambda t: t.T)),
    ("SVC-binary", "expansion.weights", lambda t: t[:-1]),
    *(("RandomTreesEmbedding", "column", v) for v in OUT_OF_RANGE),
    ("Nystroem-rbf", "expansion.weights", lambda t: t[:-1].T),
    ("QuantileRegressor", "linear.weight", lambda t: t[:0]),
    ("QuantileRegressor", "linear.bias", lambda t: t.repeat(2)),
    ("LogisticRegression", "linear.weight", lambda t: t.reshape(-1)),
]


@pytest.mark.parametrize("name", sorted({name for name, *_ in HOSTILE}))
def test_what_does_not_fit_is_refused(name, tmp_path):
    path = sk2torch.save(sk2torch.wrap(fitted(name)), tmp_path / "model.safetensors")
    text, tensors = Reader(path).text, load_file(path)
    for _, end, value in (entry for entry in HOSTILE if entry[0] == name):
        about, full = json.loads(text), next(n for n in tensors if f".{n}".endswith(f".{end}"))
        hostile = {**tensors, full: changed(tensors[full], value)}
        assert not torch.equal(hostile[full], tensors[full])
        redeclared(about["structure"], hostile)
        write(path, json.dumps(about), hostile)
        with pytest.raises(sk2torch.ArtifactError, match="parts do not fit together"):
            pytest.fail(f"{full}, {value}: {sk2torch.load(path)}")
