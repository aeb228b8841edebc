"""What a bench answers, and how its figures are printed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

Bench = Callable[[bool], Awaitable[Sequence["Figure"]]]
"""``run(short)``: measure in full, or in a form that only shows that it works."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. ``baseline`` is the same thing done bare, in the same unit; ``counts`` say what was done.

    ``most`` and ``least`` are the target, whichever applies; without either the figure is only told.
    """

    name: str
    value: float
    unit: str
    baseline: float
    beside: str
    counts: dict[str, int]
    most: float | None = None
    least: float | None = None

    @property
    def ratio(self) -> float:
        return self.value / self.baseline if self.baseline else float("inf")

    @property
    def target(self) -> str:
        if self.most is not None:
            return f"≤ {self.most:g} {self.unit}"
        return f"≥ {self.least:g} {self.unit}" if self.least is not None else "none"

    @property
    def held(self) -> bool | None:
        """None when there is no target."""
        if self.most is not None:
            return self.value <= self.most
        return self.value >= self.least if self.least is not None else None

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"ratio": self.ratio, "held": self.held}


HEAD = ("figure", "value", "ratio", "beside", "target", "held")


def table(figures: Sequence[Figure]) -> str:
    """One line each, columns under their heads."""
    held = {True: "yes", False: "NO", None: "-"}
    rows = [HEAD]
    rows += [
        (each.name, f"{each.value:.3g} {each.unit}", f"{each.ratio:.2f}", each.beside, each.target, held[each.held])
        for each in figures
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(each.rstrip() for each in lines)
