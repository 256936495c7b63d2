"""What a command says: its answer, its progress, and what went wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from ..errors import EvergrantError
from ._errors import CommandError
from .verdict import advice, of

__all__ = ["Console", "when"]


class Console:
    """Answers go to standard output, and all else to standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def answer(self, value: object, text: str) -> None:
        """The one answer of a command, for programs and for people."""
        print(json.dumps(value, ensure_ascii=False) if self.as_json else text)

    def say(self, text: str) -> None:
        """Progress."""
        print(text, file=sys.stderr, flush=True)

    def failed(self, error: CommandError | EvergrantError) -> None:
        """What went wrong; with `--json` that is the answer."""
        known = described(error)
        if self.as_json:
            print(json.dumps({"error": known}, ensure_ascii=False))
            return
        self.say(f"evergrant: {known['code']}: {known['advice']}")
        for name in ("retry_at", "company", "sealing_key", "error", "description"):
            value = known.get(name)
            if value is not None:
                self.say(f"  {name}: {when(value) if isinstance(value, int) else value}")


def described(error: CommandError | EvergrantError) -> dict[str, object]:
    """An error as data."""
    verdict = of(error)
    known: dict[str, object] = {
        "verdict": verdict.name,
        "code": error.code,
        "exit": verdict.exit,
        "advice": advice(error),
    }
    if isinstance(error, EvergrantError):
        for name in ("tenant", "retry_at", "company", "sealing_key", "error", "description"):
            if getattr(error, name) is not None:
                known[name] = getattr(error, name)
    return known


def when(moment: int | None) -> str:
    """UNIX milliseconds, for people."""
    if moment is None:
        return "never"
    return datetime.fromtimestamp(moment / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Rows under each other."""
    lines = [columns, *[["" if row[name] is None else str(row[name]) for name in columns] for row in rows]]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
