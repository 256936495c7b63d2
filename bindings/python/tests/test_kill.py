"""Workers that are killed at any moment; `make kill-test` kills ten times as many."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("store", ["sqlite", "postgresql", "redis"])
def test_nothing_is_lost_to_kill_9(store, authority_program):
    seed = str(int.from_bytes(os.urandom(4), "big"))
    command = [sys.executable, "-c", "import sys, kill; kill.main(*sys.argv[1:])", "100", seed, store]
    places = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    more = {"EVERGRANT_AUTHORITY": authority_program, "PYTHONPATH": os.pathsep.join(places)}
    run = subprocess.run(command, env={**os.environ, **more}, capture_output=True, text=True)
    # The seed is in the report, or here.
    assert run.returncode == 0, f"seed {seed}\n{run.stdout}\n{run.stderr}"
    assert "grants working" in run.stdout
