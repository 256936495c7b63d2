"""Real servers for the tests: each in a directory of its own, behind a socket in it, as
an ordinary user, ended when the test ends, or when the tests are killed."""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def postgresql(fsync: bool = False) -> Iterator[str]:
    """A connection string to a new cluster, by the Debian package `postgresql`."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    with _directory() as directory:
        data = directory / "data"
        made = [programs / "initdb", "-D", data, "-U", "evergrant", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, **_user(directory))
        settings = [
            f"unix_socket_directories={directory}",
            "listen_addresses=",
            "max_connections=200",
            "shared_buffers=256MB",
            f"fsync={'on' if fsync else 'off'}",
        ]
        command = [programs / "postgres", "-D", data, *(part for line in settings for part in ("-c", line))]
        conninfo = f"host={directory} user=evergrant dbname=postgres"
        with _process(command, directory, signal.SIGINT, lambda: _postgresql_answers(programs, directory)):
            yield conninfo


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A URL to a new server that forgets nothing, by the Debian package `redis-server`."""
    program = shutil.which("redis-server") or "/usr/bin/redis-server"
    with _directory() as directory:
        path = directory / "redis.sock"
        settings = ["--port", "0", "--unixsocket", path, "--dir", directory, "--save", "", "--appendonly", "yes"]
        safety = ["--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        with _process([program, *settings, *safety], directory, signal.SIGTERM, lambda: _accepts(path)):
            yield f"unix://{path}"


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    # In the system's own: the name of a socket may have 107 characters.
    directory = Path(tempfile.mkdtemp(prefix="evergrant-"))
    try:
        if os.geteuid() == 0:
            os.chown(directory, pwd.getpwnam("nobody").pw_uid, -1)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _user(directory: Path) -> dict:
    # PostgreSQL refuses to run as root.
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    return {"cwd": directory, "stdin": subprocess.DEVNULL, **user}


@contextlib.contextmanager
def _process(
    command: list, directory: Path, stop: signal.Signals, answers: Callable[[], bool]
) -> Iterator[None]:
    libc = ctypes.CDLL(None)
    with open(directory / "log", "w+") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, stop),
            **_user(directory),
        )
        try:
            while not answers():
                if process.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(f"{command[0]} ended: {log.read()}")
                time.sleep(0.02)
            yield
        finally:
            process.send_signal(stop)
            process.wait()


def _postgresql_answers(programs: Path, directory: Path) -> bool:
    asked = subprocess.run([programs / "pg_isready", "-q", "-h", directory, "-d", "postgres", "-U", "evergrant"])
    return asked.returncode == 0


def _accepts(path: Path) -> bool:
    # It is there before anybody listens.
    with socket.socket(socket.AF_UNIX) as asking, contextlib.suppress(OSError):
        asking.connect(str(path))
        return True
    return False
