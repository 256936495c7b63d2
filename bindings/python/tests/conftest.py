"""The loopback authorization server that the tests talk to."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import call

WORKSPACE = Path(__file__).resolve().parents[3]

# A shell that runs this in the background has it ignored, and so would every process
# that is begun here.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Authority:
    """A running `evergrant-authority` and its control endpoints."""

    def __init__(self, base: str) -> None:
        self.base = base

    def control(self, name: str, **parameters: object) -> dict:
        return self.control_list(name, parameters)

    def control_list(self, name: str, parameters: object) -> dict:
        body = json.dumps(parameters).encode()
        status, _, answer = call(f"{self.base}/control/{name}", "POST", {"content-type": "application/json"}, body)
        assert status in (200, 201), answer
        return json.loads(answer)

    def control_list_delete(self, name: str) -> None:
        status, _, answer = call(f"{self.base}/control/{name}", "DELETE", {})
        assert status == 200, answer

    def stats(self) -> dict:
        status, _, answer = call(f"{self.base}/control/stats", "GET", {})
        assert status == 200
        return json.loads(answer)


@pytest.fixture(scope="session")
def authority_program() -> str:
    """`EVERGRANT_AUTHORITY`, or else cargo builds it."""
    given = os.environ.get("EVERGRANT_AUTHORITY")
    if given:
        return given
    build = ["cargo", "build", "--quiet", "--package", "evergrant-authority", "--message-format=json"]
    built = subprocess.run(build, cwd=WORKSPACE, check=True, stdout=subprocess.PIPE, text=True)
    programs = [json.loads(line).get("executable") for line in built.stdout.splitlines()]
    return next(program for program in programs if program)


@pytest.fixture
def authority(authority_program: str) -> Iterator[Authority]:
    with running(authority_program) as authority:
        yield authority


@contextlib.contextmanager
def running(program: str, *options: str) -> Iterator[Authority]:
    # It ends when its standard input closes, also if this process is killed.
    process = subprocess.Popen([program, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            assert selector.select(timeout=120), "the authority did not start"
        line = process.stdout.readline().strip()
        assert line.startswith("listening on "), f"the authority did not start: {line!r}"
        yield Authority(line.removeprefix("listening on "))
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
