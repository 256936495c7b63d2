"""No secret is ever shown, whatever is shown and however."""

import copy
import io
import json
import logging
import pickle
import pprint
import re
import traceback
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from evergrant.machine import (
    Client,
    ClientConfig,
    Connection,
    Env,
    Input,
    Pleo,
    Provider,
    Sealing,
    Secret,
    SecretBytes,
    Stored,
    pending_key,
    pending_tenant,
)
from transcript import TRANSCRIPTS, replay

CANARY = "canary-0123456789-abcdefghij"


def shown(value):
    """All the ways in which a host comes to show a value."""
    log = io.StringIO()
    logger = logging.Logger("canaries", logging.DEBUG)
    logger.addHandler(logging.StreamHandler(log))
    logger.debug("%s %r", value, value)
    logger.debug({"value": value})
    try:
        raise ValueError(value)
    except ValueError as error:
        logger.exception("failed")
        raised = traceback.format_exception(error)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        try:
            made = attempt(value)
            logger.debug("%s %r", made, made)
        except (TypeError, pickle.PicklingError) as error:
            logger.debug("%r", error, exc_info=True)
    return "\n".join(
        [
            log.getvalue(),
            *raised,
            f"{value} {value!r} {value!s} {[value]}",
            pprint.pformat(value),
            repr(getattr(value, "__dict__", None)),
            json.dumps([value], default=str),
            json.dumps([value], default=repr),
        ]
    )


def parts(value, depth=4, walked=None):
    """The value and what it is made of, as a debugger or a serializer walks it; but
    for what was walked before: only a connection changes from step to step."""
    walked = {} if walked is None else walked
    plain = isinstance(value, (str, bytes, int))
    key = (type(value), value) if plain else id(value)
    # The value is kept, so that nothing else comes to have its id.
    before, _ = walked.get(key, (-1, None))
    if before >= depth and not isinstance(value, Connection):
        return
    walked[key] = (depth, value)
    if before < 0 or isinstance(value, Connection):
        yield value
    if depth and not plain:
        inside = value if isinstance(value, (list, tuple)) else vars(value).values() if hasattr(value, "__dict__") else ()
        for part in inside:
            yield from parts(part, depth - 1, walked)


def secrets_of(text):
    """The secrets of a transcript: those given to the machine, those that it
    drew, and those of the server."""
    found = set(re.findall(r"canary-[\w-]+", text))
    for line in map(json.loads, text.splitlines()):
        if "env" in line:
            entropy = bytes.fromhex(line["env"]["entropy"])
            found |= {entropy.hex(), repr(entropy)[2:-1], str(list(entropy))[1:-1]}
        for output in line.get("outputs", []):
            match output["type"]:
                case "open_url":
                    found |= {output["url"], *parse_qs(urlsplit(output["url"]).query)["state"]}
                    found |= {output["binding"]} - {None}
                case "send_http":
                    form = parse_qs(output["body"])
                    names = ("code", "code_verifier", "refresh_token", "token", "client_secret")
                    found |= {value for name in names for value in form.get(name, [])} | {output["body"]} - {""}
                    found |= {value for name, value in output["headers"] if name == "authorization"}
                case "token_ready":
                    found.add(output["header"])
                case "swap" if output["write"]:
                    found.add(output["write"]["record"])
    return found


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_life_shows_no_secret(path, caplog):
    caplog.set_level(logging.DEBUG)
    text = path.read_text(encoding="utf-8")
    secrets = secrets_of(text)
    assert len(secrets) > 10, "there is something to find"
    kinds, walked = set(), {}
    for number, _, _, objects in replay(text):
        for part in (part for value in objects for part in parts(value, walked=walked)):
            kinds.add(type(part).__name__)
            seen = shown(part)
            for secret in secrets:
                assert secret not in seen, f"line {number}: a {type(part).__name__} shows a secret"
    assert {"Secret", "SecretBytes", "Env", "Step", "Client", "Connection"} <= kinds
    assert caplog.text == ""


def test_the_hunt_finds_what_is_there():
    """The control: what does show a secret is caught, in each of the ways."""
    leak = SimpleNamespace(header=Secret(CANARY).expose())
    assert shown(leak).count(CANARY) > 10
    assert any(CANARY in str(part) for part in parts(SimpleNamespace(inside=[leak])))
    text = TRANSCRIPTS[0].read_text(encoding="utf-8")
    secrets = secrets_of(text)
    assert any(secret in text for secret in secrets if secret.startswith("canary-"))
    assert all(secret in shown(SimpleNamespace(body=secret.encode())) for secret in secrets if secret.isascii() and "\\" not in secret)


@pytest.fixture
def client():
    return Client(
        Provider.pleo(Pleo.STAGING),
        ClientConfig(
            client_id="client",
            client_secret=Secret(CANARY),
            redirect_uris=["https://client.example/callback"],
            scopes=["users:read"],
            sealing=Sealing.PLAIN,
        ),
    )


def env(entropy=b"\7" * 32):
    return Env(now=1_700_000_000_000, uptime=None, boot_id=None, entropy=entropy)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda client: Secret(CANARY.encode()),
        lambda client: Secret(CANARY + "\ud800"),
        lambda client: SecretBytes(CANARY),
        lambda client: env(CANARY.encode()),
        lambda client: env(CANARY),
        lambda client: Connection(client, "t").step(env(), CANARY),
        lambda client: Connection(client, "t").step(env(), Input.REDIRECTED(url=CANARY, proof=CANARY)),
        lambda client: Connection(client, "t").step(env(), Input.HTTP_DONE(1, 200, Secret(CANARY), CANARY.encode())),
        lambda client: Connection(client, "t").step(env(), Input.SWAPPED(1, Stored(revision="1", record=CANARY.encode()))),
        lambda client: Connection.restore(client, "t", Stored(revision="1", record=SecretBytes(CANARY.encode()))),
        lambda client: Connection.restore(
            client, "t", Stored(revision="1", record=SecretBytes(b'{"v":1,"' + CANARY.encode() + b'":1}'))
        ),
        lambda client: pending_key(Secret(CANARY)),
        lambda client: pending_key(Secret(f"https://client.example/?state={CANARY}&state={CANARY}")),
        lambda client: pending_tenant(client, Secret(f"?state={CANARY}"), SecretBytes(CANARY.encode())),
        lambda client: Client(client, Secret(CANARY)),
        lambda client: ClientConfig(CANARY),
    ],
)
def test_an_error_shows_no_secret(client, wrong):
    with pytest.raises(Exception) as raised:
        wrong(client)
    error = raised.value
    # The lines of this file stand in the traceback; they name no value.
    text = "".join(traceback.format_exception(error)) + repr(error) + str(error) + repr(vars(error))
    while error is not None:
        text += repr(error) + repr(error.args)
        error = error.__context__
    assert CANARY not in text


def test_objects_are_neither_copied_nor_pickled(client):
    objects = [
        client,
        Provider.pleo(Pleo.STAGING),
        Connection(client, "t"),
        env(),
        Secret(CANARY),
        SecretBytes(CANARY.encode()),
    ]
    for value in objects:
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            for holder in (value, [value], Stored(revision="1", record=value)):
                if attempt is copy.copy and holder is not value:
                    continue
                with pytest.raises(TypeError, match="can be neither copied nor pickled"):
                    attempt(holder)


def test_secrets_are_compared_by_what_they_hold():
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret(CANARY + "x")
    assert Secret(CANARY) != CANARY
    assert SecretBytes(b"a") == SecretBytes(b"a")
    assert Secret(CANARY).expose() == CANARY
    assert SecretBytes(b"\x00\xff").expose() == b"\x00\xff"
    assert f"{Secret(CANARY)} {SecretBytes(b'abc')!r}" == "Secret(..) SecretBytes(3 bytes)"
