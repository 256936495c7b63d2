"""Sealed records: keys, rotation, and what is refused."""

import evergrant
import pytest
from evergrant.machine import (
    Binding,
    Client,
    ClientConfig,
    Connection,
    Env,
    Input,
    Pleo,
    Provider,
    Refusal,
    Sealing,
    SealingKey,
    SecretBytes,
    Stored,
    sealing_key_id,
)

REDIRECT_URI = "https://client.example/callback"


def key(name, byte):
    return SealingKey(id=name, key=SecretBytes(bytes([byte]) * 32))


def connection(sealing, stored=None, tenant="t"):
    config = ClientConfig(client_id="client", redirect_uris=[REDIRECT_URI], scopes=["users:read"], sealing=sealing)
    client = Client(Provider.pleo(Pleo.STAGING), config)
    return Connection.restore(client, tenant, stored)


def written(sealing):
    """The record of a pending authorization."""
    machine = connection(sealing)
    env = [Env(now=1_700_000_000_000, uptime=None, boot_id=None, entropy=bytes([at]) * 32) for at in (7, 8)]
    (look,) = machine.step(env[0], Input.AUTHORIZE(REDIRECT_URI, [], [], Binding.COOKIE, None)).outputs
    (pending,) = machine.step(env[1], Input.SWAPPED(look.op, None)).outputs
    return pending.write.record


def test_what_is_written_is_sealed_with_the_active_key():
    record = written(Sealing.sealed(active=key("k2", 2), older=[key("k1", 1)]))
    assert record.expose().startswith(b"evergrant 1 k2\n")
    assert sealing_key_id(record) == "k2"
    assert sealing_key_id(written(Sealing.PLAIN)) is None


@pytest.mark.parametrize(
    ("sealing", "code"),
    [
        (Sealing.PLAIN, "host_record_sealing"),
        (Sealing.sealed(active=key("k2", 2)), "host_sealing_key_missing"),
        (Sealing.sealed(active=key("k1", 9)), "host_record_forged"),
        # A pending authorization is no connection's record, whoever has the key.
        (Sealing.sealed(active=key("k1", 1)), "host_record_forged"),
    ],
)
def test_what_is_refused(sealing, code):
    record = written(Sealing.sealed(active=key("k1", 1)))
    with pytest.raises(Refusal.Failed, match=f"^{code}$"):
        connection(sealing, Stored(revision="1", record=record))


def test_plain_records_only_where_that_was_said():
    stored = Stored(revision="1", record=SecretBytes(b"{}"))
    with pytest.raises(Refusal.Failed, match="^host_record_sealing$"):
        connection(Sealing.sealed(active=key("k1", 1)), stored)
    with pytest.raises(Refusal.Failed, match="^host_record_unreadable$"):
        connection(Sealing.sealed(active=key("k1", 1), accept_plain=True), stored)


@pytest.mark.parametrize(
    ("active", "older", "code"),
    [
        (SealingKey(id="k1", key=SecretBytes(b"short")), [], "invalid"),
        (key("k 1", 1), [], "invalid"),
        (key("k1", 0), [], "invalid"),
        (key("k1", 1), [key("k1", 2)], "duplicate"),
    ],
)
def test_keys_are_checked(active, older, code):
    with pytest.raises(Refusal.Misuse, match=f"^misuse_sealing_key_{code}$"):
        Sealing.sealed(active=active, older=older)
    with pytest.raises(evergrant.Misuse) as raised:
        evergrant.Sealing.sealed(active, older)
    assert raised.value.code == f"misuse_sealing_key_{code}"


def test_a_failure_names_the_missing_key():
    theirs, ours = Sealing.sealed(active=key("k1", 1)), Sealing.sealed(active=key("k2", 2))
    machine = connection(ours)
    env = [Env(now=1_700_000_000_000, uptime=None, boot_id=None, entropy=bytes([at]) * 32) for at in (1, 2)]
    (read,) = machine.step(env[0], Input.TOKEN_WANTED(0)).outputs
    current = Stored(revision="1", record=written(theirs))
    (failed,) = machine.step(env[1], Input.SWAPPED(read.op, current)).outputs
    assert (failed.failure.code, failed.failure.sealing_key) == ("host_sealing_key_missing", "k1")


def test_no_key_is_shown():
    sealing = Sealing.sealed(active=key("k1", 0x41))
    assert "k1" in repr(sealing)
    for shown in (repr(sealing), str(key("k1", 0x41)), repr(connection(sealing))):
        assert "AAAA" not in shown
        assert "65, 65" not in shown
    assert sealing == Sealing.sealed(active=key("k1", 0x41))
    assert sealing != Sealing.PLAIN
