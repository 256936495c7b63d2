"""What goes wrong in the command itself."""

from __future__ import annotations

__all__ = ["ApiRefused", "CommandError", "ConfigError", "Found", "NoAnswer", "UsageError"]


class CommandError(Exception):
    """The base of them. `code` is a stable name; `advice` says what to do."""

    def __init__(self, code: str, advice: str) -> None:
        super().__init__(code)
        self.code, self.advice = code, advice


class UsageError(CommandError):
    """The arguments do not fit together."""


class ConfigError(CommandError):
    """The file of profiles, or what it refers to."""


class NoAnswer(CommandError):
    """The API could not be reached, or did not answer in time."""


class ApiRefused(CommandError):
    """The API answered with 400 or more."""


class Found(CommandError):
    """A check found something wrong."""
