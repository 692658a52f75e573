"""What the contract tests have checked: ``Class.method/capability`` for each case."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

# What a converted method must be able to do; a gradient only where its mathematics has one.
REQUIRED = ("parity", "script", "compile", "export", "onnx")


class Record:
    """Checks and gaps of a run.

    Args:
        checks: ``"Class.method/capability"``, once per case that passed.
        gaps: ``"Class.method/capability: reason"``, once per case that cannot.
        agreements: ``"Class.method: share"`` of labels that are the same in float32, once per case.
    """

    def __init__(self, checks: list[str], gaps: list[str], agreements: Sequence[str] = ()) -> None:
        self.counts = Counter(checks)
        # In an order that does not depend on which test process was first.
        self.gaps: dict[str, list[str]] = {}
        for key, reason in sorted({tuple(gap.split(": ", 1)) for gap in gaps}):
            self.gaps.setdefault(key, []).append(reason)
        # The least of all cases.
        self.float32: dict[str, float] = {}
        for pair, _, share in (agreement.partition(": ") for agreement in agreements):
            self.float32[pair] = min(float(share), self.float32.get(pair, 1.0))

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
        if self.float32:
            lines.append(self.float32_summary())
        lines.append(f"exact, script, compile, export and ONNX: {complete} of {pairs} class x method pairs")
        return lines

    def float32_summary(self) -> str:
        """How many pairs give the same labels in float32."""
        equal = sum(share == 1 for share in self.float32.values())
        least = min(self.float32, key=lambda pair: self.float32[pair])
        return (
            f"In float32, all labels are those of float64 for {equal} of {len(self.float32)} class x method pairs, "
            f"at least {self.float32[least]:.1%} ({least})"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; ``from_dict`` reads it back."""
        return {"checks": dict(self.counts), "gaps": self.gaps, "float32": self.float32}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Record":
        record = cls([], [])
        record.counts = Counter(data["checks"])
        record.gaps = data["gaps"]
        record.float32 = data["float32"]
        return record
