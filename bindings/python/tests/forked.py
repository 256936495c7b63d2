"""Children of the process in which the tests run."""

import contextlib
import os
import warnings

import pytest

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")


@contextlib.contextmanager
def child():
    """Yields whether this is the child, which must end well."""
    with warnings.catch_warnings():
        # That a fork beside threads is dangerous is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        ended = 1
        try:
            yield True
            ended = 0
        finally:
            os._exit(ended)
    yield False
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
