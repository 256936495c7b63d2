"""Reads and runs transcripts (`transcripts/README.md`)."""

import json
from collections.abc import Iterator
from pathlib import Path

from evergrant.machine import (
    ApiKeyKind,
    Binding,
    BrowserProof,
    Client,
    ClientConfig,
    CompanyBinding,
    Connection,
    Disconnect,
    Env,
    HttpFault,
    Input,
    IssPolicy,
    Method,
    Output,
    Parameter,
    Provider,
    ProviderConfig,
    Quirks,
    RedirectRules,
    RefreshPolicy,
    Rotation,
    Refusal,
    Sealing,
    SealingKey,
    Secret,
    SecretBytes,
    Step,
    Stored,
    Timing,
    TokenEndpointAuthMethod,
)

FOLDER = Path(__file__).resolve().parents[3] / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*.jsonl"))


def replay(text: str) -> Iterator[tuple[int, str, str, list[object]]]:
    """Runs a transcript: for each line that comes out its number, the line that
    is expected, the line that came, and every object that took part."""
    assert text.endswith("\n")
    lines = enumerate(text.split("\n")[:-1], start=1)
    config = json.loads(next(lines)[1])
    configs = read_provider(config["provider"]), read_client(config["client"])
    provider = Provider(configs[0])
    client = Client(provider, configs[1])
    connection = Connection(client, config["tenant"])
    for number, line in lines:
        told = json.loads(line)
        if "restore" in told:
            connection = restore(client, config["tenant"], told["restore"])
            continue
        env, given = read_env(told["env"]), read_input(told["input"])
        try:
            step = connection.step(env, given)
            came = write_step(step)
        except Refusal.Misuse as misuse:
            step, came = misuse, {"misuse": str(misuse)}
        number, expected = next(lines, (number + 1, ""))
        yield number, expected, write(came), [*configs, provider, client, connection, env, given, step]


def write(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def restore(client: Client, tenant: str, stored: dict | None) -> Connection:
    current = stored and read_stored(stored)
    return Connection.restore(client, tenant, current)


def read_stored(given: dict) -> Stored:
    return Stored(revision=given["revision"], record=secret_bytes(given["record"]), age=given["age"])


def secret_bytes(text: str) -> SecretBytes:
    return SecretBytes(text.encode())


def read_provider(given: dict) -> ProviderConfig:
    return ProviderConfig(
        **given
        | {
            "iss": IssPolicy[given["iss"].upper()],
            "disconnect": read_disconnect(given["disconnect"]),
            "company": read_binding(given["company"]),
            "api_keys": read_binding(given["api_keys"]),
            "authorize_parameters": pairs(given["authorize_parameters"]),
            "token_endpoint_auth_method": auth_method(given["token_endpoint_auth_method"]),
            "quirks": Quirks(**given["quirks"]),
            "redirects": RedirectRules[given["redirects"].upper()],
            "refresh": read_refresh(**given["refresh"]),
        }
    )


def read_binding(given: dict | None) -> CompanyBinding | None:
    return None if given is None else CompanyBinding(**given)


def read_disconnect(given: str | dict) -> Disconnect:
    match given:
        case "forget":
            return Disconnect.FORGET()
        case {"revocation": endpoint}:
            return Disconnect.REVOCATION(endpoint=endpoint)
        case {"api_request": [method, url, spares_others]}:
            return Disconnect.API_REQUEST(method=Method[method], url=url, spares_others=spares_others)
    raise ValueError(given)


def read_refresh(rotation: str, timing: list[int], **flags: bool) -> RefreshPolicy:
    names = ("send_within", "listen_for", "start_within", "save_within", "takeover_after")
    return RefreshPolicy(rotation=Rotation[rotation.upper()], **flags, timing=Timing(**dict(zip(names, timing, strict=True))))


def read_client(given: dict) -> ClientConfig:
    secret, method = given["client_secret"], given["token_endpoint_auth_method"]
    previous = given["previous_client_secret"]
    return ClientConfig(
        **given
        | {
            "client_secret": None if secret is None else Secret(secret),
            "previous_client_secret": None if previous is None else Secret(previous),
            "token_endpoint_auth_method": None if method is None else auth_method(method),
            "sealing": read_sealing(given["sealing"]),
        }
    )


def read_sealing(given: str | dict) -> Sealing:
    match given:
        case "plain":
            return Sealing.PLAIN
        case {"active": active, "older": older}:
            return Sealing.sealed(active=read_key(active), older=[read_key(key) for key in older])
    raise ValueError(given)


def read_key(given: list[str]) -> SealingKey:
    return SealingKey(id=given[0], key=SecretBytes(bytes.fromhex(given[1])))


def auth_method(name: str) -> TokenEndpointAuthMethod:
    return TokenEndpointAuthMethod[name.upper()]


def pairs(given: list[list[str]]) -> list[Parameter]:
    return [Parameter(name=name, value=value) for name, value in given]


def header_block(given: list[list[str]]) -> Secret:
    return Secret("".join(f"{name}: {value}\n" for name, value in given))


def read_env(given: dict) -> Env:
    boot_id = given["boot_id"]
    return Env(
        now=given["now"],
        uptime=given["uptime"],
        boot_id=None if boot_id is None else bytes.fromhex(boot_id),
        entropy=bytes.fromhex(given["entropy"]),
    )


def read_input(given: dict) -> Input:
    fields = dict(given)
    kind = fields.pop("type")
    match kind:
        case "authorize":
            fields["extra"] = pairs(fields["extra"])
            fields["binding"] = Binding[fields["binding"].upper()]
        case "redirected":
            fields["url"] = Secret(fields["url"])
            fields["proof"] = read_proof(fields["proof"])
        case "key_entered":
            fields["key"] = Secret(fields["key"])
            fields["kind"] = ApiKeyKind[fields["kind"].upper()]
        case "api_answered":
            fields["headers"] = header_block(fields["headers"])
        case "http_done":
            fields["headers"] = header_block(fields["headers"])
            fields["body"] = read_body(fields["body"])
        case "http_failed":
            fields["why"] = HttpFault[fields["why"].upper()]
        case "swapped" if fields["current"] is not None:
            current = fields["current"]
            fields["current"] = read_stored(current)
    return getattr(Input, kind.upper())(**fields)


def read_body(given: str | dict) -> SecretBytes:
    match given:
        case {"hex": digits}:
            return SecretBytes(bytes.fromhex(digits))
        case text:
            return secret_bytes(text)


def read_proof(given: str | dict) -> BrowserProof:
    match given:
        case {"binding": secret}:
            return BrowserProof.BINDING(secret=Secret(secret))
        case "same_process":
            return BrowserProof.SAME_PROCESS()
        case "missing":
            return BrowserProof.MISSING()
    raise ValueError(given)


def write_step(step: Step) -> dict:
    return {
        "outputs": [write_output(output) for output in step.outputs],
        "wake_at": step.wake_at,
        "status": step.status.code(),
        "servable": step.servable,
    }


def write_output(output: Output) -> dict:
    match output:
        case Output.SEND_HTTP():
            headers = [line.split(": ", 1) for line in output.headers.expose().split("\n")[:-1]]
            return {
                "type": "send_http",
                "op": output.op,
                "method": output.method,
                "url": output.url,
                "headers": headers,
                "body": output.body.expose().decode(),
                "send_within": output.send_within,
                "listen_for": output.listen_for,
                "answer_limit": output.answer_limit,
            }
        case Output.SWAP():
            write = output.write
            return {
                "type": "swap",
                "op": output.op,
                "key": output.key,
                "expected": output.expected,
                "write": write
                and {
                    "record": write.record.expose().decode(),
                    "due_at": write.due_at,
                    "purge_at": write.purge_at,
                },
            }
        case Output.OPEN_URL():
            return {
                "type": "open_url",
                "authorization": output.authorization,
                "url": output.url.expose(),
                "binding": output.binding and output.binding.expose(),
                "expires_at": output.expires_at,
            }
        case Output.TOKEN_READY():
            return {
                "type": "token_ready",
                "generation": output.generation,
                "origin": output.origin,
                "header": output.header.expose(),
                "expires_at": output.expires_at,
            }
        case Output.AUTHORIZED():
            return {
                "type": "authorized",
                "authorization": output.authorization,
                "generation": output.generation,
                "scope": output.scope,
                "return_context": output.return_context,
            }
        case Output.KEY_ACCEPTED():
            return {
                "type": "key_accepted",
                "generation": output.generation,
                "company": output.company,
                "scope": output.scope,
            }
        case Output.FAILED():
            failure = output.failure
            return {
                "type": "failed",
                "activity": output.activity.name.lower(),
                "authorization": output.authorization,
                "return_context": output.return_context,
                "kind": failure.kind.name.lower(),
                "code": failure.code,
                "number": failure.number,
                "retry_at": failure.retry_at,
                "error": failure.error,
                "company": failure.company,
                "description": failure.description,
            }
        case Output.NOTICE():
            return {
                "type": "notice",
                "code": output.code,
                "generation": output.generation,
                "attempt": output.attempt,
                "authorization": output.authorization,
                "detail": output.detail,
            }
    raise AssertionError(f"unknown output {type(output)}")
