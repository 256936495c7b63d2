"""The types that are told of the machine are those of the generated module."""

import os

from evergrant import machine
from stub import STUB, stub


def test_the_stub_is_of_this_module():
    text = stub(machine.__all__)
    if os.environ.get("UPDATE_EXPECT"):
        STUB.write_text(text)
    assert STUB.read_text() == text
