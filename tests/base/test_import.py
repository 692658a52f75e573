"""What importing and wrapping load; each in an interpreter of its own."""

import subprocess
import sys

_BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("sklearn", "scipy", "pandas", "onnx", "onnxruntime", "onnxscript", "joblib"):
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocked())
"""


def run(code: str) -> list[str]:
    """Words that a fresh interpreter prints."""
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout.split()


def test_import_loads_no_scikit_learn():
    packages = "{'sklearn', 'skorch', 'scipy', 'pandas', 'onnx', 'joblib', 'torchao'}"
    code = f"import sys, sk2torch; print(*{packages} & set(sys.modules))"
    assert run(code) == []


def test_everything_public_works_without_scikit_learn():
    code = (
        _BLOCK
        + "import sk2torch\n"
        + "assert all(hasattr(sk2torch, name) for name in sk2torch.__all__)\n"
        + "from sk2torch.base import registry\n"
        + "print(len(registry()) > 5, any(m.partition('.')[0] == 'sklearn' for m in sys.modules))\n"
    )
    assert run(code) == ["True", "False"]


def test_bridge_without_scikit_learn_names_the_extra():
    code = (
        _BLOCK
        + "import sk2torch\n"
        + "assert 'as_estimator' in dir(sk2torch)\n"
        + "try: sk2torch.as_estimator\n"
        + "except sk2torch.MissingDependency as error: print(str(error).split()[-1])\n"
    )
    assert run(code) == ["sk2torch[sklearn]."]


def test_training_without_skorch_names_the_extra():
    code = (
        _BLOCK.replace('"sklearn", "scipy", "pandas"', '"skorch"').replace(', "joblib"', "")
        + "import torch, sk2torch\n"
        + "layer = torch.nn.Linear(2, 1)\n"
        + "print(sk2torch.TorchTransformer(layer).fit_transform([[0.0, 1.0], [1.0, 0.0]]).shape[1])\n"
        + "try: sk2torch.TorchTransformer(layer, loss='squared_error').fit([[0.0, 1.0], [1.0, 0.0]], [0, 1])\n"
        + "except sk2torch.MissingDependency as error: print(str(error).split()[-1])\n"
    )
    assert run(code) == ["1", "sk2torch[bridge]."]


def test_pickled_model_loads_and_answers_without_scikit_learn(tmp_path):
    path = str(tmp_path / "model.pkl")
    write = (
        "import pickle, numpy as np, sk2torch\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "X = np.arange(12.0).reshape(6, 2) % 5\n"
        "estimator = LogisticRegression().fit(X, X[:, 0] > 2)\n"
        f"pickle.dump(sk2torch.wrap(estimator), open({path!r}, 'wb'))\n"
        "print(*estimator.predict(X))\n"
    )
    read = (
        f"{_BLOCK}\n"
        "import pickle, numpy as np, sk2torch\n"
        f"model = pickle.load(open({path!r}, 'rb'))\n"
        "print(*sk2torch.Predictor(model).predict(np.arange(12.0).reshape(6, 2) % 5))\n"
    )
    assert run(write) == run(read)


def test_wrapping_loads_no_unrelated_estimators():
    code = (
        "import sys, numpy as np\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "scaler = StandardScaler().fit(np.eye(3))\n"
        "before = set(sys.modules)\n"
        "import sk2torch\n"
        "sk2torch.wrap(scaler)\n"
        "print(*[m for m in set(sys.modules) - before if m.startswith('sklearn.') and m.count('.') == 1])\n"
        "print(*[m for m in ('sklearn.svm', 'sklearn.ensemble', 'sklearn.tree') if m in sys.modules])\n"
    )
    assert run(code) == []
