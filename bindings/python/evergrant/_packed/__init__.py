"""The machine with one crossing a step: typed here and in Rust, bytes between.

What UniFFI generates costs by the number of values that cross; a packed step is
one value each way. The inputs and outputs are those of `evergrant.machine`, as
plain Python values.
"""

from __future__ import annotations

from ..machine import Connection
from .crossing import step_packed
from .inputs import Input, pack_env
from .outputs import Step, unpack_step

__all__ = ["Machine"]


class Machine:
    """A connection whose steps are packed."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def step(self, now: int, uptime: int | None, boot_id: bytes | None, entropy: bytes, input: Input) -> Step:
        """As `Connection.step`, with the members of `Env` before the input.

        Raises `Refusal`, and then the connection is as it was.
        """
        try:
            return _cross(self._connection, pack_env(now, uptime, boot_id, entropy), input)
        except Exception as error:
            del entropy
            # Without the frames whose variables are bytes that hide nothing.
            raise error.with_traceback(None) from None


def _cross(connection: Connection, env: bytes, input: Input) -> Step:
    return unpack_step(step_packed(connection, env + input.pack()))
