"""The packed step says what the generated one says, and shows no secret."""

import json
import os
import traceback
from collections.abc import Iterator
from typing import get_args

import pytest
from evergrant import machine, store
from evergrant._packed import Machine, inputs, outputs
from evergrant._packed.crossing import step_packed
from evergrant.machine import Binding, Client, Connection, Input, Output, Provider, Refusal
from test_canaries import CANARY, secrets_of, shown
from transcript import (
    TRANSCRIPTS,
    read_client,
    read_env,
    read_input,
    read_provider,
    restore,
    write,
    write_step,
)

Told = tuple[inputs.Input, outputs.Step | str]


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path):
    compared = 0
    for number, expected, generated, (_, came) in side_by_side(path.read_text(encoding="utf-8")):
        if isinstance(came, str):
            assert came == str(generated), f"line {number}"
            assert write({"misuse": came}) == expected, f"line {number}"
        else:
            assert mirrored(came) == generated, f"line {number}"
            assert write(write_step(mirrored(came))) == expected, f"line {number}"
        compared += 1
    assert compared > 0, "a transcript without a step"


def test_every_kind_takes_part_and_none_shows_a_secret():
    kinds, unsaved = set(), set()
    for path in TRANSCRIPTS:
        text = path.read_text(encoding="utf-8")
        secrets = secrets_of(text)
        for number, _, _, (given, came) in side_by_side(text):
            unsaved.add(getattr(came, "is_unsaved", None))
            for value in [given] if isinstance(came, str) else [given, came, *came.outputs]:
                # All ways once for each kind; what they show comes from its `repr`.
                seen = repr(value) if type(value) in kinds else shown(value)
                kinds.add(type(value))
                for secret in secrets:
                    assert secret not in seen, f"{path.stem}, line {number}: a {type(value).__name__}"
    assert kinds == {outputs.Step, *get_args(inputs.Input), *get_args(outputs.Output)}
    assert unsaved >= {True, False}


def test_what_is_no_packed_step_is_refused():
    connection = a_connection()
    for told in (b"", b"\0", bytes(200), bytes(range(200))):
        for crossing in (Connection.step_packed, step_packed):
            with pytest.raises(Refusal.PackedInvalid, match="^misuse_packed_invalid$"):
                crossing(connection, told)
    for entropy, code in ((b"", "misuse_env_invalid"), (bytes(32), "misuse_entropy_missing")):
        with pytest.raises(Refusal.Misuse, match=f"^{code}$"):
            Machine(connection).step(1, None, None, entropy, inputs.Wake())
    assert step(Machine(connection), inputs.Wake()).status == "disconnected"


def test_a_text_that_utf_8_cannot_hold():
    """A caller's is refused, and shown by no error; a peer's is read as well as it can be."""
    lone = CANARY + "\ud800"
    machine = Machine(a_connection())
    for given in (
        inputs.Authorize(lone, [lone], [], Binding.COOKIE),
        inputs.KeyEntered(lone, machine_kind()),
        inputs.Cancel(lone),
        inputs.Swapped(1, store.Stored(lone, CANARY.encode())),
    ):
        with pytest.raises(Refusal.PackedInvalid) as raised:
            step(machine, given)
        error = raised.value
        assert error.__context__ is None
        assert CANARY not in "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    for given in (
        inputs.Redirected(f"?state={lone}", lone),
        inputs.ApiAnswered(1, 401, lone),
        inputs.HttpDone(1, 200, lone, lone.encode("utf-8", "surrogatepass")),
    ):
        step(machine, given)


def test_a_wrong_type_is_an_error_without_the_value():
    machine = Machine(a_connection())
    for wrong in (
        lambda: step(machine, CANARY),
        lambda: step(machine, inputs.HttpDone(1, 200, "", CANARY)),
        lambda: step(machine, inputs.HttpDone(1, 200, CANARY.encode(), b"")),
        lambda: step(machine, inputs.Swapped(1, store.Stored("1", CANARY))),
        lambda: machine.step(1, None, None, CANARY, inputs.Wake()),
    ):
        with pytest.raises((TypeError, AttributeError)) as raised:
            wrong()
        assert CANARY not in repr(raised.value)


def side_by_side(text: str) -> Iterator[tuple[int, str, object, Told]]:
    """Runs a transcript on two connections: for each line that comes out its number,
    what is expected, what the generated step came to, and what the packed one was told
    and came to."""
    lines = enumerate(text.splitlines(), start=1)
    config = json.loads(next(lines)[1])
    client = Client(Provider(read_provider(config["provider"])), read_client(config["client"]))
    twins = [Connection(client, config["tenant"]) for _ in range(2)]
    for _, line in lines:
        told = json.loads(line)
        if "restore" in told:
            twins = [restore(client, config["tenant"], told["restore"]) for _ in range(2)]
            continue
        env, given = told["env"], packed(read_input(told["input"]))
        boot_id = None if env["boot_id"] is None else bytes.fromhex(env["boot_id"])
        entropy = bytes.fromhex(env["entropy"])
        try:
            generated = twins[0].step(read_env(env), read_input(told["input"]))
        except Refusal.Misuse as misuse:
            generated = misuse
        try:
            came = Machine(twins[1]).step(env["now"], env["uptime"], boot_id, entropy, given)
            assert came.is_unsaved == twins[0].is_unsaved()
        except Refusal.Misuse as misuse:
            came = str(misuse)
        number, expected = next(lines)
        yield number, expected, generated, (given, came)


def packed(given: Input) -> inputs.Input:
    fields = {name: plain(value) for name, value in vars(given).items()}
    variant = type(given).__name__.removeprefix("Input.")
    name = "".join(part.capitalize() for part in variant.split("_"))
    return getattr(inputs, name)(**fields)


def plain(value: object) -> object:
    match value:
        case machine.Secret() | machine.SecretBytes():
            return value.expose()
        case machine.Stored():
            return store.Stored(value.revision, value.record.expose(), value.age)
        case machine.BrowserProof.BINDING():
            return value.secret.expose()
        case machine.BrowserProof.SAME_PROCESS():
            return inputs.Proof.SAME_PROCESS
        case machine.BrowserProof.MISSING():
            return inputs.Proof.MISSING
        case [*parameters] if parameters and isinstance(parameters[0], machine.Parameter):
            return [(parameter.name, parameter.value) for parameter in parameters]
    return value


def mirrored(step: outputs.Step) -> machine.Step:
    """As the generated step would be."""
    variant = getattr(machine.Status, step.status.upper())
    of = {} if step.cause is None else {"cause": machine.Cause[step.cause.removeprefix("reauthenticate_").upper()]}
    made = [mirrored_output(output) for output in step.outputs]
    return machine.Step(outputs=made, wake_at=step.wake_at, status=variant(**of), servable=step.servable)


SECRETS = {"headers", "header"}


def mirrored_output(output: outputs.Output) -> Output:
    fields = {name: getattr(output, name) for name in type(output).__slots__}
    for name, value in fields.items():
        secret = name in SECRETS or (isinstance(output, outputs.OpenUrl) and name in {"url", "binding"})
        if secret and value is not None:
            fields[name] = machine.Secret(value)
        elif name == "body":
            fields[name] = machine.SecretBytes(value)
        elif isinstance(value, store.Write):
            record = machine.SecretBytes(value.record)
            fields[name] = machine.Write(record=record, due_at=value.due_at, purge_at=value.purge_at)
    name = "".join(f"_{c}" if c.isupper() else c for c in type(output).__name__).lstrip("_").upper()
    return getattr(Output, name)(**fields)


def a_connection() -> Connection:
    config = json.loads(TRANSCRIPTS[0].read_text(encoding="utf-8").splitlines()[0])
    return Connection(Client(Provider(read_provider(config["provider"])), read_client(config["client"])), "t")


def machine_kind() -> machine.ApiKeyKind:
    return machine.ApiKeyKind.STANDALONE


def step(of: Machine, given: inputs.Input) -> outputs.Step:
    return of.step(1_700_000_000_000, None, None, os.urandom(32), given)


def test_a_refused_step_leaves_no_bytes_in_a_traceback():
    """Frames are shown with their variables by tools for crashes."""
    connection, key = Machine(a_connection()), "-".join(["canary", "of a key"])
    entered, hidden = inputs.KeyEntered(key, machine.ApiKeyKind.INTEGRATED), [key, repr(bytes(range(32)))[2:-1]]
    del key
    with pytest.raises(Refusal) as refused:
        connection.step(1, None, None, bytes(range(32)), entered)
    report = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    frames = [frame for frame in report.stack if "evergrant" in frame.filename]
    assert frames
    told = "".join(f"{frame.name} {frame.locals}" for frame in frames)
    assert not [secret for secret in hidden if secret in told or secret.replace("'", "\\'") in told]
    assert "\\x01\\x02\\x03" not in told and refused.value.__suppress_context__
