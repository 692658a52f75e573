"""Learning curves."""

from typing import Any


class TrainingHistory:
    """Mixin of estimators with a ``history_``."""

    history_: list[dict[str, Any]]

    def plot_history(self, ax: Any = None) -> Any:
        """The losses over the epochs; the axes of matplotlib.

        Raises:
            AttributeError: nothing was trained.
        """
        if not getattr(self, "history_", None):
            raise AttributeError(f"{type(self).__name__} has not been trained; fit it with a loss first.")
        if ax is None:
            from matplotlib import pyplot as plt

            ax = plt.subplots()[1]
        epochs = [epoch["epoch"] for epoch in self.history_]
        for name, label in (("train_loss", "training"), ("valid_loss", "validation")):
            if name in self.history_[0]:
                ax.plot(epochs, [epoch[name] for epoch in self.history_], label=label)
        ax.set(xlabel="epoch", ylabel="loss")
        ax.legend()
        return ax
