"""What the contract tests have checked: ``Class.method/capability`` for each case."""

from collections import Counter
from typing import Any

# What a converted method must be able to do; a gradient only where its mathematics has one.
REQUIRED = ("parity", "script", "compile", "export", "onnx")


class Record:
    """Checks and gaps of a run.

    Args:
        checks: ``"Class.method/capability"``, once per case that passed.
        gaps: ``"Class.method/capability: reason"``, once per case that cannot.
    """

    def __init__(self, checks: list[str], gaps: list[str]) -> None:
        self.counts = Counter(checks)
        # In an order that does not depend on which test process was first.
        self.gaps: dict[str, list[str]] = {}
        for key, reason in sorted({tuple(gap.split(": ", 1)) for gap in gaps}):
            self.gaps.setdefault(key, []).append(reason)

    @property
    def pairs(self) -> list[str]:
        """Every ``Class.method`` that some case has."""
        names = {key.partition("/")[0] for key in self.counts if key.endswith("/parity")}
        return sorted(names | {key.partition("/")[0] for key in self.gaps})

    def passes(self, pair: str, capability: str) -> bool:
        """Whether at least one case passed and none has a gap."""
        key = f"{pair}/{capability}"
        return key in self.counts and key not in self.gaps

    def complete(self) -> list[str]:
        """The pairs that pass all of ``REQUIRED``."""
        return [pair for pair in self.pairs if all(self.passes(pair, capability) for capability in REQUIRED)]

    def summary(self) -> list[str]:
        """Lines for people: checks by capability, and the share of pairs that are complete."""
        lines = []
        for capability in sorted({key.partition("/")[2] for key in self.counts}):
            keys = [key for key in self.counts if key.endswith(f"/{capability}")]
            classes = {key.partition(".")[0] for key in keys}
            total = sum(self.counts[key] for key in keys)
            lines.append(
                f"{capability:<12} {total:>6} checks  {len(keys):>5} class x method  {len(classes):>4} classes"
            )
        complete, pairs = len(self.complete()), len(self.pairs)
        lines.append(f"{'total':<12} {self.counts.total():>6} checks, {len(self.counts)} different")
        lines.append(f"exact, script, compile, export and ONNX: {complete} of {pairs} class x method pairs")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; ``from_dict`` reads it back."""
        return {"checks": dict(self.counts), "gaps": self.gaps}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Record":
        record = cls([], [])
        record.counts = Counter(data["checks"])
        record.gaps = data["gaps"]
        return record
