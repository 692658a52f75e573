"""The plot of a result file."""

from pathlib import Path
from typing import Any

from .figures import ratio, sizes
from .peers import BASELINE, MODES, PEERS, title

COLUMN_INCHES, ROW_INCHES = 5.0, 0.28


def plot(results: dict[str, Any], path: Path) -> None:
    """Times faster than scikit-learn, a row a workload and a panel a batch size, on a logarithmic scale."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names, columns = list(results["workloads"])[::-1], sizes(results)
    figure, axes = plt.subplots(
        1,
        len(columns),
        sharey=True,
        squeeze=False,
        figsize=(3 + COLUMN_INCHES * len(columns), 2 + ROW_INCHES * len(names)),
    )
    peers = [p for p in PEERS if p != BASELINE]
    colors = dict(zip(peers, plt.get_cmap("tab20").colors, strict=False))
    for axis, size in zip(axes[0], columns, strict=True):
        axis.axvline(1.0, color="black", linewidth=0.8)
        for peer in peers:
            found = [(ratio(results["workloads"][n], peer, size), k) for k, n in enumerate(names)]
            points = [(value, k) for value, k in found if value]
            axis.scatter(
                [value for value, _ in points],
                [k for _, k in points],
                s=36 if peer in MODES else 24,
                marker="o" if peer in MODES else "x",
                color=colors[peer],
                label=f"ours: {title(peer)}" if peer in MODES else title(peer),
            )
        axis.set_xscale("log")
        axis.set_title(f"{size:,} row{'s' if size > 1 else ''}")
        axis.set_xlabel("times faster than scikit-learn")
        axis.grid(axis="x", which="both", linewidth=0.3)
    axes[0][0].set_yticks(range(len(names)), names)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=6, frameon=False)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    figure.savefig(path, dpi=110)
    plt.close(figure)
