"""Whose an answer of the machine is, where it does not always name the wish.

Of each kind the machine is told one wish at a time. The next one's turn comes when the
answer has come, or when later answers name what they are to; whether anybody still
waits for it is of no matter.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from ._packed import inputs, outputs
from .machine import Activity
from ._waiter import Waiter

__all__ = ["Turn", "Turns"]


@dataclass(slots=True, eq=False)
class Turn:
    """A wish of this kind."""

    kind: Activity
    waiter: Waiter[Any]
    input: inputs.Input
    authorization: str | None = None
    """Of a redirect: which."""


class Turns:
    """Those that wait for their turn, and those that the machine was told."""

    def __init__(self) -> None:
        self._waiting: deque[Turn] = deque()
        self._told: dict[Activity, Turn] = {}
        # Redirects that were believed: what is said of them now names them.
        self._believed: list[Turn] = []
        # Answers to these are answers to what a turn's input led to.
        self._ops: dict[int, Turn] = {}

    def waiters(self) -> list[Waiter[Any]]:
        """All who wait."""
        return [turn.waiter for turn in (*self._waiting, *self._told.values(), *self._believed)]

    def add(self, turn: Turn) -> None:
        """Leaves a wish."""
        self._waiting.append(turn)

    def next(self) -> Turn | None:
        """A wish whose turn has come; the machine is to be told of it."""
        if not self._waiting:
            return None
        for turn in list(self._waiting):
            if turn.waiter.done():
                self._waiting.remove(turn)
                continue
            told = self._told.get(turn.kind)
            # A key takes the place of the one before, if nobody waits for that.
            if told is None or (turn.kind is Activity.KEY and told.waiter.done()):
                self._waiting.remove(turn)
                self._told[turn.kind] = turn
                return turn
        return None

    def whose(self, happened: inputs.Input) -> Turn | None:
        """Which turn a step belongs to that this leads to."""
        op = getattr(happened, "op", None)
        return None if op is None else self._ops.get(op)

    def stepped(self, happened: inputs.Input, turn: Turn | None, came: list[outputs.Output]) -> None:
        """A step was made: what it led to goes on with the turn."""
        self._ops.pop(getattr(happened, "op", -1), None)
        if turn is not None and self._told.get(turn.kind) is turn:
            # What the machine does of its own comes after what it does for the input.
            op = next((output.op for output in came if isinstance(output, outputs.Swap)), None)
            if op is not None:
                self._ops[op] = turn

    def over(self, turn: Turn) -> Waiter[Any]:
        """Its answer has come: for this one."""
        if self._told.get(turn.kind) is turn:
            del self._told[turn.kind]
        return turn.waiter

    def told(self, kind: Activity) -> Turn | None:
        """The one that the machine was told last, and has not answered."""
        return self._told.get(kind)

    def believe(self, turn: Turn) -> None:
        """From now on it is named: the next one need not wait."""
        self.over(turn)
        self._believed = [other for other in self._believed if not other.waiter.done()]
        self._believed.append(turn)

    def named(self, authorization: str | None) -> Turn | None:
        """The redirect of this authorization that was believed; its answer has come."""
        for turn in self._believed:
            if turn.authorization == authorization:
                self._believed.remove(turn)
                return turn
        return None
