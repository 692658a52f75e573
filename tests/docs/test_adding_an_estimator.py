"""The guide's code is all that a new estimator takes."""

import importlib
import re
import runpy
import sys
from pathlib import Path

import pytest

import sk2torch
from sk2torch.base import methods_of, registry
from tests.contract import test_export, test_onnx, test_parity, test_script
from tests.contract.conftest import Subject

GUIDE = Path(__file__).parents[2] / "docs" / "adding-an-estimator.md"
CASES = ["ClippedScaler", "ClippedScaler-no-limit", "ClippedScaler-no-scale"]


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    """The guide's files, importable."""
    folder = tmp_path_factory.mktemp("guide")
    blocks = re.findall(r'^```python title="(\S+)"\n(.*?)^```$', GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == GUIDE.read_text().count("```python")
    for name, code in blocks:
        (folder / name).write_text(code)
    sys.path.insert(0, str(folder))
    importlib.import_module("torch_clipped_scaler")
    yield folder
    del registry()["clipped_scaler.ClippedScaler"]
    sys.path.remove(str(folder))
    for name, _ in blocks:
        sys.modules.pop(name.removesuffix(".py"), None)


@pytest.fixture(params=CASES)
def subject(request, guide):
    cases = {case.name: case for case in importlib.import_module("cases").CASES}
    assert list(cases) == CASES
    case = cases[request.param]
    X, _ = case.data()
    estimator = case.make().fit(X)
    model = sk2torch.wrap(estimator)
    return Subject(case, estimator, X, model, methods_of(model), lambda method: None)


def test_parity_of_the_example(subject):
    assert subject.methods == ["transform"]
    test_parity.test_parity(subject)


def test_script_of_the_example(subject, tmp_path, fresh_interpreter):
    test_script.test_script(subject, tmp_path, fresh_interpreter)


def test_onnx_of_the_example(subject, tmp_path, interpreter_without_sklearn):
    test_onnx.test_onnx(subject, tmp_path, interpreter_without_sklearn)


def test_export_of_the_example(subject, tmp_path, fresh_interpreter):
    test_export.test_export(subject, tmp_path, fresh_interpreter)


def test_refusal_of_the_example(guide):
    importlib.import_module("test_clipped_scaler").test_function_as_limit_is_refused()


def test_use_of_the_example(guide):
    runpy.run_path(str(guide / "use.py"))
