"""A store in Redis, for any number of machines (`evergrant[redis]`).

Needed of the server: `appendonly yes` with `appendfsync always`, and a
`maxmemory-policy` that never evicts what has no expiry (`noeviction`); a failover
forgets what its replica has not got, hence `replicas`. All keys lie under one prefix
with a hash tag, so that in a cluster they are on one node.

| key | what |
|---|---|
| `{evergrant}:record:KEY` | a hash: `revision`, `record`, `at`, `due` |
| `{evergrant}:keys` | all keys, in order |
| `{evergrant}:due` | keys by when they are due, or until when a claim holds them |
| `{evergrant}:purge` | keys by when they may be deleted |
| `{evergrant}:read` | with `replicas`: when a record was last read |
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from ..errors import StoreUnavailable
from ..store import Entry, Stored, Write

__all__ = ["AsyncRedisStore", "RedisStore"]

Entries = list[Entry]
Keys = list[str]
TIMEOUTS: dict[str, Any] = {"socket_timeout": 5, "socket_connect_timeout": 5}

log = logging.getLogger("evergrant")

# What the library says of its own types is in part unknown.
_library: Any = redis

# What is scored must be exact in a double.
LARGEST = 2**53

NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
SWAP = (
    NOW
    + """
local there = redis.call('HMGET', KEYS[1], 'revision', 'record', 'at')
local function index(zset, at)
    if at == '' then redis.call('ZREM', zset, ARGV[1]) else redis.call('ZADD', zset, at, ARGV[1]) end
end
if ARGV[2] == 'write' and (there[1] or '') == ARGV[3] then
    if there[1] then
        redis.call('HINCRBY', KEYS[1], 'revision', 1)
    else
        redis.call('HSET', KEYS[1], 'revision', ARGV[7])
        redis.call('ZADD', KEYS[2], 0, ARGV[1])
    end
    redis.call('HSET', KEYS[1], 'record', ARGV[4], 'at', now, 'due', ARGV[5])
    index(KEYS[3], ARGV[5])
    index(KEYS[4], ARGV[6])
    return {redis.call('HGET', KEYS[1], 'revision'), false, 0}
end
if KEYS[5] then redis.call('SET', KEYS[5], now) end
if not there[1] then return false end
return {there[1], there[2], now - there[3]}
"""
)
LIST = """
local keys = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
local entries = {}
for _, key in ipairs(keys) do
    entries[#entries + 1] = {key, redis.call('HGET', ARGV[1] .. key, 'due')}
end
return entries
"""
CLAIM = (
    NOW
    + """
local limit, prefix, seen, keys = tonumber(ARGV[1]), ARGV[3], 0, {}
while #keys < limit do
    local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', seen, limit)
    if #due == 0 then break end
    seen = seen + #due
    for _, key in ipairs(due) do
        if #keys < limit and string.sub(key, 1, #prefix) == prefix then keys[#keys + 1] = key end
    end
end
for _, key in ipairs(keys) do redis.call('ZADD', KEYS[1], 'XX', now + ARGV[2], key) end
return keys
"""
)
PURGE = (
    NOW
    + """
local keys = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, ARGV[2])
for _, key in ipairs(keys) do
    redis.call('DEL', ARGV[1] .. key)
    for _, index in ipairs(KEYS) do redis.call('ZREM', index, key) end
end
return #keys
"""
)


class _Layout:
    """Where things lie, what the scripts are given, and what they answer."""

    def __init__(self, prefix: str, replicas: int, replicas_ms: int) -> None:
        self.records = f"{{{prefix}}}:record:"
        self.keys, self.due, self.purge = (f"{{{prefix}}}:{name}" for name in ("keys", "due", "purge"))
        # What is read may be a write that has not reached the replicas: another one is
        # made after it, for WAIT to wait for.
        self.read = [f"{{{prefix}}}:read"] if replicas else []
        self.replicas = replicas
        self.replicas_ms = replicas_ms

    def swap(self, key: str, expected: str | None, write: Write | None) -> dict[str, Any]:
        values: list[str | bytes | int]
        if write is None:
            values = ["read", "", "", "", "", ""]
        else:
            # No revision is "none"; that of nothing is empty.
            expects = "" if expected is None else expected or "none"
            # Not from 1: a record that was deleted does not come again.
            first = secrets.randbits(48)
            values = ["write", expects, write.record, _time(write.due_at), _time(write.purge_at), first]
        keys = [self.records + key, self.keys, self.due, self.purge, *self.read]
        return {"keys": keys, "args": [key, *values]}

    def swapped(self, answer: Any, write: Write | None, reached: int | None = None) -> Stored | None:
        if reached is not None and reached < self.replicas:
            raise StoreUnavailable(f"Redis: {reached} of {self.replicas} replicas have the record")
        if answer is None:
            return None
        revision, record, age = answer
        if record is not None:
            return Stored(revision.decode(), record, age if age >= 0 else None)
        assert write is not None, "the script answers so only to a write"
        return Stored(revision.decode(), write.record, age)

    def list(self, prefix: str, after: str, limit: int) -> dict[str, Any]:
        start = f"({after}" if after >= prefix else f"[{prefix}"
        # Keys are printable ASCII, and 0x7F comes after it.
        return {"keys": [self.keys], "args": [self.records, start, f"({prefix}\x7f", limit]}

    def listed(self, answer: Any) -> Entries:
        return [Entry(key.decode(), int(due) if due else None) for key, due in answer]

    def purge_arguments(self, limit: int) -> dict[str, Any]:
        return {"keys": [self.keys, self.due, self.purge], "args": [self.records, limit]}


class RedisStore:
    """Records in Redis. Used from any number of threads.

    `source` is a URL, or a `redis.Redis` that does not decode answers. With
    `replicas` a record is answered, be it written or read, only when so many replicas
    have it (`WAIT`), within `replicas_ms`; else it is `StoreUnavailable`, and a write
    may have taken place.
    """

    def __init__(
        self,
        source: str | redis.Redis,
        *,
        prefix: str = "evergrant",
        replicas: int = 0,
        replicas_ms: int = 2_000,
    ) -> None:
        self._client: Any = _library.Redis.from_url(source, **TIMEOUTS) if isinstance(source, str) else source
        _refuse_decoding(self._client)
        self._layout = _Layout(prefix, replicas, replicas_ms)
        self._swap = self._client.register_script(SWAP)
        self._list = self._client.register_script(LIST)
        self._claim = self._client.register_script(CLAIM)
        self._purge = self._client.register_script(PURGE)
        self._checked = False

    def __repr__(self) -> str:
        return f"RedisStore({self._layout.records!r})"

    def close(self) -> None:
        """Closes the connections; they are opened again when needed."""
        self._client.close()

    def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """As `Store.swap`."""
        asked, layout = self._layout.swap(key, expected, write), self._layout
        if not layout.replicas:
            return layout.swapped(self._run(self._swap, asked), write)
        # Over one connection: WAIT speaks of the writes of its own.
        try:
            self._check()
            with self._client.pipeline(transaction=False) as pipe:
                self._swap(**asked, client=pipe)
                pipe.wait(layout.replicas, layout.replicas_ms)
                answer, reached = pipe.execute()
        except (RedisError, OSError) as error:
            raise _unavailable(error) from None
        return layout.swapped(answer, write, reached)

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> Entries:
        """As `Index.list`."""
        return self._layout.listed(self._run(self._list, self._layout.list(prefix, after, limit)))

    def claim_due(self, limit: int, hold_ms: int = 90_000, prefix: str = "") -> Keys:
        """As `Index.claim_due`."""
        claimed = self._run(self._claim, {"keys": [self._layout.due], "args": [limit, hold_ms, prefix]})
        return [key.decode() for key in claimed]

    def purge(self, limit: int = 1000) -> int:
        """As `Index.purge`."""
        return int(self._run(self._purge, self._layout.purge_arguments(limit)))

    def _run(self, script: Any, asked: dict[str, Any]) -> Any:
        try:
            self._check()
            return script(**asked)
        except (RedisError, OSError) as error:
            raise _unavailable(error) from None

    def _check(self) -> None:
        if not self._checked:
            try:
                # Before Redis 7 it answers with one section at a time.
                _judge({**self._client.info("memory"), **self._client.info("persistence")})
            except ResponseError:
                pass  # Not everybody may ask.
            self._checked = True


class AsyncRedisStore:
    """As `RedisStore`, for asyncio; `source` may be a `redis.asyncio.Redis`."""

    def __init__(
        self,
        source: str | redis.asyncio.Redis,
        *,
        prefix: str = "evergrant",
        replicas: int = 0,
        replicas_ms: int = 2_000,
    ) -> None:
        self._client: Any = _library.asyncio.Redis.from_url(source, **TIMEOUTS) if isinstance(source, str) else source
        _refuse_decoding(self._client)
        self._layout = _Layout(prefix, replicas, replicas_ms)
        self._swap = self._client.register_script(SWAP)
        self._list = self._client.register_script(LIST)
        self._claim = self._client.register_script(CLAIM)
        self._purge = self._client.register_script(PURGE)
        self._checked = False

    def __repr__(self) -> str:
        return f"AsyncRedisStore({self._layout.records!r})"

    async def close(self) -> None:
        """As `RedisStore.close`."""
        await self._client.aclose()

    async def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """As `Store.swap`."""
        asked, layout = self._layout.swap(key, expected, write), self._layout
        if not layout.replicas:
            return layout.swapped(await self._run(self._swap, asked), write)
        try:
            await self._check()
            async with self._client.pipeline(transaction=False) as pipe:
                await self._swap(**asked, client=pipe)
                pipe.wait(layout.replicas, layout.replicas_ms)
                answer, reached = await pipe.execute()
        except (RedisError, OSError) as error:
            raise _unavailable(error) from None
        return layout.swapped(answer, write, reached)

    async def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> Entries:
        """As `Index.list`."""
        return self._layout.listed(await self._run(self._list, self._layout.list(prefix, after, limit)))

    async def claim_due(self, limit: int, hold_ms: int = 90_000, prefix: str = "") -> Keys:
        """As `Index.claim_due`."""
        claimed = await self._run(self._claim, {"keys": [self._layout.due], "args": [limit, hold_ms, prefix]})
        return [key.decode() for key in claimed]

    async def purge(self, limit: int = 1000) -> int:
        """As `Index.purge`."""
        return int(await self._run(self._purge, self._layout.purge_arguments(limit)))

    async def _run(self, script: Any, asked: dict[str, Any]) -> Any:
        try:
            await self._check()
            return await script(**asked)
        except (RedisError, OSError) as error:
            raise _unavailable(error) from None

    async def _check(self) -> None:
        if not self._checked:
            try:
                _judge({**await self._client.info("memory"), **await self._client.info("persistence")})
            except ResponseError:
                pass  # Not everybody may ask.
            self._checked = True


def _refuse_decoding(client: Any) -> None:
    if client.connection_pool.connection_kwargs.get("decode_responses"):
        raise ValueError("a Redis client that decodes answers cannot read records")


def _judge(info: dict[str, Any]) -> None:
    policy = info.get("maxmemory_policy", "")
    if info.get("maxmemory") and policy.startswith("allkeys"):
        raise StoreUnavailable(f"Redis: with maxmemory-policy {policy} records may be deleted")
    if not info.get("aof_enabled"):
        log.warning("Redis writes no append-only file: what it has answered may be lost with it")


def _time(time: int | None) -> str:
    return "" if time is None else str(min(time, LARGEST))


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"Redis: {str(error).partition(chr(10))[0] or type(error).__name__}")
