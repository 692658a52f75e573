"""Training that was interrupted goes on where it was, to the same weights."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import torch
from skorch.callbacks import Callback
from torch import Tensor

from sk2torch.export.files import moved_into_place

_FORMAT = 1
# What skorch's EarlyStopping and LRScheduler remember.
_REMEMBERED = ("misses_", "dynamic_threshold_", "best_epoch_", "best_model_weights_", "batch_idx_")


def digest(*tensors: Tensor | None) -> str:
    """A checksum of the rows that are trained on."""
    found = hashlib.sha256()
    for tensor in tensors:
        if tensor is not None:
            found.update(str((tensor.dtype, tuple(tensor.shape))).encode())
            is_sparse = tensor.is_sparse_csr
            parts = (tensor.crow_indices(), tensor.col_indices(), tensor.values()) if is_sparse else (tensor,)
            for part in parts:
                found.update(memoryview(part.detach().cpu().contiguous().numpy()).cast("B") if part.numel() else b"")
    return found.hexdigest()


class Checkpoint(Callback):
    """Writes the state of a training run after each epoch, the last of all callbacks.

    Args:
        path: the file; replaced as a whole, and removed when training is done.
        about: what has to be the same where training goes on.
        generator: of the order of rows.
        split_seed: of the rows that are held out.
    """

    def __init__(self, path: Any, about: dict[str, Any], generator: torch.Generator, split_seed: int) -> None:
        self.path, self.about, self.generator, self.split_seed = Path(path), about, generator, split_seed

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        state = {
            "format": _FORMAT,
            "about": self.about,
            "split_seed": self.split_seed,
            "history": [{key: _plain(value) for key, value in row.items() if key != "batches"} for row in net.history],
            "module": net.module_.state_dict(),
            "loss": net.criterion_.state_dict(),
            "optimizer": net.optimizer_.state_dict(),
            "order": self.generator.get_state(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state(net.device) if _is_cuda(net) else None,
            "callbacks": {name: _remembered(callback) for name, callback in net.callbacks_},
        }
        with moved_into_place(self.path) as temporary:
            torch.save(state, temporary)

    def restore(self, net: Any, state: dict[str, Any]) -> None:
        """Bring a net whose training has begun to where it was."""
        net.history.extend({**row, "batches": []} for row in state["history"])
        net.module_.load_state_dict(state["module"])
        net.criterion_.load_state_dict(state["loss"])
        net.optimizer_.load_state_dict(state["optimizer"])
        self.generator.set_state(state["order"])
        torch.set_rng_state(state["random"])
        if state["random_cuda"] is not None and _is_cuda(net):
            torch.cuda.set_rng_state(state["random_cuda"], net.device)
        for name, callback in net.callbacks_:
            _remind(callback, state["callbacks"].get(name, {}))


def read(path: Any, about: dict[str, Any]) -> dict[str, Any] | None:
    """The state in a file; None where there is none.

    Raises:
        ValueError: it is no such file, or of another training.
    """
    if not Path(path).exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        known, version = state["about"], state["format"]
    except (RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"checkpoint: {str(path)!r} is no checkpoint of a training, or is damaged.") from error
    differing = [name for name in about if known.get(name) != about[name]] if version == _FORMAT else ["format"]
    if differing:
        raise ValueError(
            f"checkpoint: {str(path)!r} is of another training (other {', '.join(differing)}); delete it or name "
            "another file."
        )
    return state


def _is_cuda(net: Any) -> bool:
    return torch.device(net.device).type == "cuda"


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _remembered(callback: Any) -> dict[str, Any]:
    """What a callback needs to go on: that of early stopping and of schedulers of the learning rate."""
    state = {name: _plain(value) for name in _REMEMBERED if (value := getattr(callback, name, None)) is not None}
    scheduler = getattr(callback, "lr_scheduler_", None)
    return {**state, "lr_scheduler_": scheduler.state_dict()} if scheduler is not None else state


def _remind(callback: Any, state: dict[str, Any]) -> None:
    for name, value in state.items():
        if name == "lr_scheduler_":
            callback.lr_scheduler_.load_state_dict(value)
        else:
            setattr(callback, name, value)
