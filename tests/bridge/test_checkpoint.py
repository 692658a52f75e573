"""An interrupted `fit` goes on from its checkpoint to the same weights."""

import pytest
import torch
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback, LRScheduler

from sk2torch import TorchTransformer
from tests.bridge.modules import Encoder

pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
NUMBERS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


class Interrupts(Callback):
    """The user's Ctrl-C in the fifth epoch."""

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 5:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def table(iris):
    return iris[0][NUMBERS], iris[1]


def transformer(checkpoint=None, callbacks=(), **settings):
    usual = {"module__dropout": 0.3, "loss": "log_loss", "lr": 0.03, "max_epochs": 12, "batch_size": 40}
    return TorchTransformer(
        Encoder, **{**usual, "random_state": 0, **settings}, callbacks=list(callbacks), checkpoint=checkpoint
    )


@pytest.mark.parametrize(
    ("settings", "schedule"),
    [
        ({}, False),
        ({"optimizer": torch.optim.SGD, "optimizer__momentum": 0.9}, True),
        (
            {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 6, "lr": 0.2, "max_epochs": 60},
            False,
        ),
    ],
)
def test_goes_on_to_the_same_weights(table, tmp_path, settings, schedule):
    path = tmp_path / "training.pt"

    def callbacks():
        return [("schedule", LRScheduler("StepLR", step_size=3, gamma=0.5))] if schedule else []

    whole = transformer(callbacks=callbacks(), **settings).fit(*table)
    with pytest.raises(KeyboardInterrupt):
        transformer(path, [*callbacks(), Interrupts()], **settings).fit(*table)
    assert path.exists()
    resumed = transformer(path, callbacks(), **settings).fit(*table)
    assert resumed.n_iter_ == whole.n_iter_ > 5
    for name, tensor in whole.module_.state_dict().items():
        assert torch.equal(resumed.module_.state_dict()[name], tensor)
    losses = [[epoch["train_loss"] for epoch in fitted.history_] for fitted in (whole, resumed)]
    assert_array_equal(*losses)
    assert not path.exists()


def test_of_another_training_or_damaged_is_refused(table, tmp_path):
    X, y = table
    path = tmp_path / "training.pt"
    with pytest.raises(KeyboardInterrupt):
        transformer(path, [Interrupts()]).fit(X, y)
    with pytest.raises(ValueError, match=r"of another training \(other lr\); delete it"):
        transformer(path, lr=0.1).fit(X, y)
    with pytest.raises(ValueError, match="other rows"):
        transformer(path).fit(X + 1, y)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="no checkpoint of a training, or is damaged"):
        transformer(path).fit(X, y)
