"""Calls `Connection.step_packed` as the generated code does, with less in between.

The same three foreign calls: the handle is cloned, the step made, the answer freed.
The calling convention is that of UniFFI's exactly pinned version; the generated code
checks it, and the shape of this method, when it is imported
(docs/decisions/0011-python-crossing.md).
"""

from __future__ import annotations

import ctypes
from operator import attrgetter
from typing import Any

from .._native import evergrant
from ..machine import Connection

__all__ = ["step_packed"]

# What is used of it is private to it.
_generated: Any = evergrant
_handle_of = attrgetter("_handle")


class _Told(ctypes.Structure):
    """`ForeignBytes`: lent for the call."""

    _fields_ = [("len", ctypes.c_int32), ("data", ctypes.c_char_p)]


class _Answer(ctypes.Structure):
    """`RustBuffer`: ours to give back."""

    _fields_ = [("capacity", ctypes.c_uint64), ("len", ctypes.c_uint64), ("data", ctypes.c_void_p)]


# A step takes microseconds: not worth giving the interpreter's lock up for, which in a
# busy process may be away for milliseconds.
_library = ctypes.PyDLL(_generated._UniffiLib._name)
_Status = _generated._UniffiRustCallStatus

_clone = _library.uniffi_evergrant_bindings_fn_clone_connection
_clone.argtypes = (ctypes.c_uint64, ctypes.c_void_p)
_clone.restype = ctypes.c_uint64

_step = _library.uniffi_evergrant_bindings_fn_method_connection_step_packed
_step.argtypes = (ctypes.c_uint64, _Told, ctypes.c_void_p)
_step.restype = _Answer

_free = _library.ffi_evergrant_bindings_rustbuffer_free
_free.argtypes = (_Answer, ctypes.c_void_p)
_free.restype = None


def step_packed(connection: Connection, told: bytes) -> bytes:
    """`connection.step_packed(told)`, as bytes."""
    status = _Status()
    at_status = ctypes.byref(status)
    answer = _step(_clone(_handle_of(connection), at_status), _Told(len(told), told), at_status)
    if status.code:
        _generated._uniffi_check_call_status(_generated._UniffiFfiConverterTypeRefusal, status)
    try:
        return ctypes.string_at(answer.data, answer.len)
    finally:
        _free(answer, at_status)
