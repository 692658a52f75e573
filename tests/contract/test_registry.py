"""Every registered class is fitted by some case."""

import sk2torch
from sk2torch.base import registry
from tests.cases import CASES


def test_every_registered_class_has_a_case():
    covered = {type(case.make()) for case in CASES.values()}
    uncovered = [cls.__name__ for cls in sk2torch.supported_classes() if cls not in covered]
    assert not uncovered, f"add a Case for {uncovered}"


def test_every_case_has_a_class_that_is_supported():
    supported = set(sk2torch.supported_classes())
    assert {type(case.make()) for case in CASES.values()} <= supported


def test_names_are_public_import_paths():
    assert all(name.rpartition(".")[0] and "._" not in name for name in registry())
