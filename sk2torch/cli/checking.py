"""Models and artifacts against their estimator, on rows of a file."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sk2torch.base import InputEncoding, Sk2TorchError, TorchEstimator
from sk2torch.cli.reading import gathered, open_source
from sk2torch.cli.reporting import Mistake
from sk2torch.cli.schema import Picked, pick
from sk2torch.verification import Report, verify


@dataclass(frozen=True)
class Rows:
    """Rows of a file as scikit-learn and a model take them."""

    table: Any
    picked: Picked

    def __len__(self) -> int:
        return len(self.table)

    def first(self, count: int) -> Any:
        """The first rows."""
        return self.picked.for_estimator(self.table[:count])

    @property
    def all(self) -> Any:
        """All rows."""
        return self.picked.for_estimator(self.table)


def read_rows(data: Path, encoding: InputEncoding, dropped: Sequence[str], n_rows: int | None) -> Rows:
    """The rows to check on.

    Raises:
        Mistake: there are none, or they do not fit the model.
    """
    source = open_source(data)
    picked = pick(encoding, source.names, source.width, dropped, whole=True)
    rows = Rows(gathered(source, picked, n_rows), picked)
    if not len(rows):
        raise Mistake(f"{str(data)!r} has no rows to compare on.")
    return rows


def check(
    estimator: Any, target: TorchEstimator | Path, rows: Rows, tolerance: float | None = None, name: str | None = None
) -> Report:
    """``verify`` on the rows.

    Raises:
        Mistake: scikit-learn refuses the rows.
    """
    try:
        report = verify(estimator, target, rows.all, tolerance=tolerance)
    except Sk2TorchError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())[:300]
        raise Mistake(f"the model and these rows do not fit together ({type(error).__name__}: {reason}).") from error
    return report if name is None else replace(report, title=f"{type(estimator).__name__} against {name}")


def report_dict(report: Report) -> dict[str, Any]:
    """A report as JSON has it."""
    methods = [asdict(method) for method in report.methods]
    return {"passed": report.passed, "tolerance": report.tolerance, "methods": methods}
