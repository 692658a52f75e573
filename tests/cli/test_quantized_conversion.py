"""``convert --quantize``: leaves in fewer bits, and the report."""

import json

import joblib
import numpy as np
from sklearn.ensemble import RandomForestRegressor


def test_leaves_in_fewer_bits_and_the_report_as_json(cli, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    model, rows = tmp_path / "forest.pkl", tmp_path / "rows.npy"
    np.save(rows, X)
    joblib.dump(RandomForestRegressor(3, random_state=0).fit(X, X[:, 0]), model)
    sizes = []
    for leaves in ((), ("--leaf-dtype", "float16")):
        given = (model, tmp_path / "small.safetensors", "--trust-pickle", "--quantize", "forest_ranks", *leaves)
        said = json.loads(cli("convert", *given, "--calibrate", rows, "--json").out)["quantization"]
        assert (said["mode"], said["n_samples"]) == ("forest_ranks", len(X))
        assert [m["method"] for m in said["methods"]] == ["predict", "apply", "decision_path"]
        assert (said["methods"][0]["max_error"] > 0.0) == bool(leaves)
        sizes.append(said["bytes_after"])
    assert sizes[1] < sizes[0] < said["bytes_before"]
