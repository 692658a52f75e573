"""Class indices become labels."""

import numpy as np
import pytest
import torch

from sk2torch.base import ClassLabels


@pytest.mark.parametrize(
    "classes",
    [[0, 1, 2], [1, 2, 3], [2, 1, 0], [-1, 0, 1], [0.0, 1.0, 2.0], [False, True], [7]],
    ids=str,
)
def test_numbers_come_back_as_they_are(classes):
    index = torch.arange(len(classes)).flip(0)
    expected = np.array(classes)[index.numpy()]
    for module in (ClassLabels(np.array(classes)), torch.jit.script(ClassLabels(np.array(classes)))):
        for shape in ([-1], [1, -1]):
            np.testing.assert_array_equal(module(index.reshape(shape)).numpy(), expected.reshape(shape))
            assert module(index).numpy().dtype == expected.dtype


def test_words_stay_indices():
    assert ClassLabels(np.array(["b", "a"]))(torch.tensor([1, 0, 1])).tolist() == [1, 0, 1]


def test_loaded_labels_replace_those_that_were_indices():
    labels = ClassLabels(np.array([0, 1]))
    labels.load_state_dict(ClassLabels(np.array([4, 2])).state_dict())
    assert labels(torch.tensor([1, 0])).tolist() == [2, 4]
