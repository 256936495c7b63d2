"""evergrant's whole lifecycle, with each record written to a store in memory.

The smallest host that can be written over each of the two interfaces: what the
crossing costs, and no driver.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from evergrant import machine
from evergrant._packed import Machine, inputs, outputs
from evergrant.store import Stored
from inputs import (
    API,
    AUTHORIZATION_ENDPOINT,
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT_URI,
    REVOCATION_ENDPOINT,
    SCOPES,
    TOKEN_ENDPOINT,
    answer,
    redirected,
    state_of,
)

START = 1_700_000_000_000


def client(sealed: bool) -> machine.Client:
    provider = machine.Provider(
        machine.ProviderConfig(
            environment="bench",
            iss=machine.IssPolicy.IF_PRESENT,
            authorization_endpoint=AUTHORIZATION_ENDPOINT,
            token_endpoint=TOKEN_ENDPOINT,
            disconnect=machine.Disconnect.REVOCATION(endpoint=REVOCATION_ENDPOINT),
            api_origin="https://api.example",
            token_endpoint_auth_method=machine.TokenEndpointAuthMethod.CLIENT_SECRET_BASIC,
        )
    )
    key = machine.SealingKey(id="2026-01", key=machine.SecretBytes(b"\7" * 32))
    return machine.Client(
        provider,
        machine.ClientConfig(
            client_id=CLIENT_ID,
            client_secret=machine.Secret(CLIENT_SECRET),
            redirect_uris=[REDIRECT_URI],
            scopes=SCOPES,
            sealing=machine.Sealing.sealed(active=key) if sealed else machine.Sealing.PLAIN,
        ),
    )


def generated(client: machine.Client) -> Callable[[], None]:
    return lambda: Generated(client).live()


def packed(client: machine.Client) -> Callable[[], None]:
    return lambda: Packed(client).live()


@dataclass
class Generated:
    """A host over what UniFFI generates."""

    client: machine.Client
    now: int = START
    store: dict[str, machine.Stored] = field(default_factory=dict)
    header: machine.Secret | None = None
    url: str = ""
    steps: int = 0

    def live(self) -> None:
        self.connection = machine.Connection(self.client, "tenant")
        given = machine.Input
        self.run(given.AUTHORIZE(REDIRECT_URI, [], [], machine.Binding.SAME_PROCESS, None))
        url = machine.Secret(redirected(state_of(self.url)))
        self.run(given.REDIRECTED(url, machine.BrowserProof.SAME_PROCESS()))
        assert self.header is not None and self.header.expose()
        self.now += 3_600_000
        self.header = None
        self.run(given.TOKEN_WANTED(30_000))
        assert self.header is not None and self.header.expose()
        self.run(given.REVOKE())

    def run(self, told: machine.Input | None) -> None:
        while told is not None:
            self.steps += 1
            env = machine.Env(self.now, None, None, os.urandom(32))
            step = self.connection.step(env, told)
            told = None
            for output in step.outputs:
                if isinstance(output, machine.Output.SWAP):
                    told = self.swap(output)
                elif isinstance(output, machine.Output.SEND_HTTP):
                    output.headers.expose(), output.body.expose()
                    body = machine.SecretBytes(answer(output.url))
                    told = machine.Input.HTTP_DONE(output.op, 200, machine.Secret(""), body)
                elif isinstance(output, machine.Output.OPEN_URL):
                    self.url = output.url.expose()
                elif isinstance(output, machine.Output.TOKEN_READY):
                    self.header = output.header

    def swap(self, asked: machine.Output.SWAP) -> machine.Input:
        current = self.store.get(asked.key)
        if asked.write is not None and (current and current.revision) == asked.expected:
            revision = str(int(asked.expected or 0) + 1)
            # What a store does: bytes out, bytes in.
            record = machine.SecretBytes(asked.write.record.expose())
            current = self.store[asked.key] = machine.Stored(revision=revision, record=record)
        return machine.Input.SWAPPED(asked.op, current)


@dataclass
class Packed:
    """A host over the packed step."""

    client: machine.Client
    now: int = START
    store: dict[str, Stored] = field(default_factory=dict)
    header: str | None = None
    url: str = ""
    steps: int = 0

    def live(self) -> None:
        self.machine = Machine(machine.Connection(self.client, "tenant"))
        self.run(inputs.Authorize(REDIRECT_URI, [], [], machine.Binding.SAME_PROCESS))
        self.run(inputs.Redirected(redirected(state_of(self.url)), inputs.Proof.SAME_PROCESS))
        assert self.header
        self.now += 3_600_000
        self.header = None
        self.run(inputs.TokenWanted(30_000))
        assert self.header
        self.run(inputs.Revoke())

    def run(self, told: inputs.Input | None) -> None:
        while told is not None:
            self.steps += 1
            step = self.machine.step(self.now, None, None, os.urandom(32), told)
            told = None
            for output in step.outputs:
                if isinstance(output, outputs.Swap):
                    told = self.swap(output)
                elif isinstance(output, outputs.SendHttp):
                    told = inputs.HttpDone(output.op, 200, "", answer(output.url))
                elif isinstance(output, outputs.OpenUrl):
                    self.url = output.url
                elif isinstance(output, outputs.TokenReady):
                    self.header = output.header

    def swap(self, asked: outputs.Swap) -> inputs.Input:
        current = self.store.get(asked.key)
        if asked.write is not None and (current and current.revision) == asked.expected:
            revision = str(int(asked.expected or 0) + 1)
            current = self.store[asked.key] = Stored(revision, asked.write.record)
        return inputs.Swapped(asked.op, current)
