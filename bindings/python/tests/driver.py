"""The smallest honest host: `http.client`, `sqlite3` and a clock that can be moved.

It shows what a driver has to do, one thread and nothing clever. The package's
own drivers come with timers, waiters and people's own HTTP clients and stores.
"""

import http.client
import os
import sqlite3
import time
import weakref
from collections import deque
from urllib.parse import urlsplit

from evergrant.machine import Connection, Env, Failure, HttpFault, Input, Output, Secret, SecretBytes, Step, Stored, Write

MIN_VALIDITY = 30_000


class Failed(Exception):
    """What was asked for could not be done; `failure` says what to do."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


class Store:
    """The one primitive, over one table."""

    def __init__(self, path: str) -> None:
        # Closed wherever it is freed.
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self.db.close)
        self.db.execute("CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, revision INTEGER, record BLOB)")

    def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """Writes if the revision is the expected one; answers with what is there now."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            current = self.read(key)
            if write is not None and (current.revision if current else None) == expected:
                revision = int(expected or 0) + 1
                record = write.record.expose()
                self.db.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (key, revision, record))
                current = Stored(revision=str(revision), record=write.record)
            self.db.execute("COMMIT")
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        return current

    def read(self, key: str) -> Stored | None:
        row = self.db.execute("SELECT revision, record FROM records WHERE key = ?", (key,)).fetchone()
        return Stored(revision=str(row[0]), record=SecretBytes(row[1])) if row else None


class Clock:
    """The wall clock, and what a test has added to it."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead

    def env(self) -> Env:
        return Env(now=self.now(), uptime=None, boot_id=None, entropy=os.urandom(32))


class Driver:
    """One connection, its store and its network."""

    def __init__(self, connection: Connection, store: Store, clock: Clock) -> None:
        self.connection = connection
        self.store = store
        self.clock = clock
        self.step: Step | None = None
        self.token: Output.TOKEN_READY | None = None
        self.notices: list[str] = []

    def run(self, told: Input) -> list[Output]:
        """Tells the machine what happened, does everything that it asks for, and
        answers with what is left for the app."""
        todo, left = deque([told]), []
        while todo:
            self.step = self.connection.step(self.clock.env(), todo.popleft())
            begun = time.monotonic()
            if self.token is not None and self.token.generation != self.step.servable:
                self.token = None
            for output in self.step.outputs:
                match output:
                    case Output.SEND_HTTP():
                        todo.append(self.send(output, begun))
                    case Output.SWAP():
                        todo.append(self.swap(output))
                    case Output.TOKEN_READY():
                        self.token = output
                    case Output.NOTICE():
                        self.notices.append(output.code)
                    case Output.OPEN_URL() | Output.AUTHORIZED() | Output.KEY_ACCEPTED() | Output.FAILED():
                        left.append(output)
                    case _:
                        raise AssertionError(f"unknown output {type(output)}")
        return left

    def tick(self) -> list[Output]:
        """Wakes the machine if it is time."""
        due = self.step is not None and self.step.wake_at is not None and self.step.wake_at <= self.clock.now()
        return self.run(Input.WAKE()) if due else []

    def authorization(self) -> tuple[int, Secret]:
        """A token's generation and header, from the cache or from the machine."""
        until = self.clock.now() + MIN_VALIDITY
        token = self.token
        if token is None or (token.expires_at is not None and token.expires_at <= until):
            left = self.run(Input.TOKEN_WANTED(min_validity=MIN_VALIDITY))
            token = self.token
            if token is None:
                raise Failed(next(output.failure for output in left if output.is_failed()))
        return token.generation, token.header

    def get(self, url: str) -> tuple[int, bytes]:
        """An API call: at most one refresh and one replay after a 401."""
        generation, header = self.authorization()
        status, headers, body = call(url, "GET", {"authorization": header.expose()})
        if status >= 400:
            self.run(Input.API_ANSWERED(generation=generation, status=status, headers=headers))
            if status == 401:
                generation, header = self.authorization()
                status, _, body = call(url, "GET", {"authorization": header.expose()})
        return status, body

    def send(self, asked: Output.SEND_HTTP, begun: float) -> Input:
        headers = dict(line.split(": ", 1) for line in asked.headers.expose().splitlines())
        url = urlsplit(asked.url)
        connection = http.client.HTTPConnection(url.netloc, timeout=asked.listen_for / 1000)
        try:
            connection.connect()
        except OSError:
            return Input.HTTP_FAILED(op=asked.op, why=HttpFault.NOT_SENT)
        try:
            if (time.monotonic() - begun) * 1000 >= asked.send_within:
                return Input.HTTP_FAILED(op=asked.op, why=HttpFault.TOO_LATE)
            path = url.path + (f"?{url.query}" if url.query else "")
            connection.request(asked.method, path, asked.body.expose() or None, headers)
            answer = connection.getresponse()
            body = answer.read(asked.answer_limit + 1)
        except (OSError, http.client.HTTPException):
            return Input.HTTP_FAILED(op=asked.op, why=HttpFault.UNKNOWN)
        finally:
            connection.close()
        return Input.HTTP_DONE(
            op=asked.op, status=answer.status, headers=header_block(answer), body=SecretBytes(body)
        )

    def swap(self, asked: Output.SWAP) -> Input:
        try:
            current = self.store.swap(asked.key, asked.expected, asked.write)
        except sqlite3.Error:
            return Input.SWAP_UNANSWERED(op=asked.op)
        return Input.SWAPPED(op=asked.op, current=current)


def header_block(answer: http.client.HTTPResponse) -> Secret:
    return Secret("".join(f"{name}: {value}\n" for name, value in answer.getheaders()))


def call(url: str, method: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, Secret, bytes]:
    """A plain call that follows no redirect: the browser's, the app's and the test's."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=120)
    try:
        connection.request(method, parts._replace(scheme="", netloc="").geturl(), body, headers)
        answer = connection.getresponse()
        return answer.status, header_block(answer), answer.read()
    finally:
        connection.close()
