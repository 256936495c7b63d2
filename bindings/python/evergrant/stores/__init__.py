"""Stores: memory and SQLite here; PostgreSQL and Redis in modules of that name, each
with an extra of that name."""

from .memory import MemoryStore
from .sqlite import SqliteStore

__all__ = ["MemoryStore", "SqliteStore"]
