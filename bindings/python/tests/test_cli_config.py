"""Profiles, `doctor` and `register`: what is wrong, and that it is said."""

import base64
import json
import re
import sys
import time
import types
from pathlib import Path

import pytest
from shell import SEALING_KEY, Shell
from world import CLIENT_SECRET

from evergrant import errors
from evergrant._clock import Clock
from evergrant.cli import main
from evergrant.cli._arguments import parser
from evergrant.cli._profile import load, path_of
from evergrant.cli.verdict import OTHERS, VERDICTS

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture
def shell(authority, tmp_path):
    return Shell(authority, tmp_path)


class Nobody:
    base = "https://auth.example"


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """`evergrant` in this process, where nothing is to be reached."""
    made = Shell(Nobody(), tmp_path)
    made.profile = made.profile.replace("loopback_http = true", "")
    for name in ("DEMO_SECRET", "DEMO_KEY", "EVERGRANT_CONFIG"):
        monkeypatch.setenv(name, made.env[name])
    monkeypatch.delenv("EVERGRANT_PROFILE", raising=False)

    def run(*arguments):
        (tmp_path / "config.toml").write_text(made.profile)
        code = main(["--json", *arguments])
        out, err = capsys.readouterr()
        assert CLIENT_SECRET not in out + err and SEALING_KEY not in out + err
        return code, json.loads(out)

    made.run_here = run
    return made


def test_a_profile_that_will_do(here):
    code, answer = here.run_here("status")
    assert (code, answer["status"]) == (13, "disconnected")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[profile.demo]", "[profile.demo]\nbrand_new = 1", "profile.demo.brand_new: is not known"),
        ('store = "sqlite:connections.db"', "", "profile.demo.store: is missing"),
        ("sqlite:connections.db", "mysql://here", "profile.demo.store: must be sqlite:PATH"),
        ("sqlite:connections.db", "redis://:hunter2@here/0", "a password does not stand in the file"),
        ('"sqlite:connections.db"', '{ env = "NOT_THERE" }', "the environment variable NOT_THERE is not set"),
        ('{ env = "DEMO_SECRET" }', '"hunter2"', "must say where the secret is"),
        ('{ env = "DEMO_SECRET" }', "{}", "must have `env`, or `keyring` and `user`"),
        ('{ env = "DEMO_SECRET" }', '{ env = "DEMO_SECRET", user = "me" }', "must have `env`, or"),
        ('key = { env = "DEMO_KEY" }', 'key = { env = "DEMO_SECRET" }', "must be Base64"),
        ('sealing = { id = "2026", ', 'sealing = { id = "2026", older = [{ id = "1" }], ', "sealing.older[0].key: is missing"),
        ('sealing = { id = "2026", key = { env = "DEMO_KEY" } }', "sealing = true", "must be {"),
        ('scopes = ["expenses:read", "users:read"]', 'scopes = "expenses:read"', "scopes: must be a list of texts"),
        ('scopes = ["expenses:read", "users:read"]', "scopes = [1]", "scopes[0]: must be a text"),
        ('iss = "required"', 'iss = "perhaps"', "provider.iss: one of required, if_present, ignored"),
        ('iss = "required"', "loopback_http = 1", "provider.loopback_http: must be true or false"),
        ('iss = "required"', "answer_limit = -1", "provider.answer_limit: must be a whole number"),
        ('iss = "required"', "refresh = { timing = { sooner = 1 } }", "provider.refresh.timing.sooner: is not known"),
        ('api_origin = "https://auth.example"', "", "provider.api_origin: is missing"),
        ("[profile.demo.provider]", "[profile.demo.other]", "profile.demo.other: is not known"),
        ("sqlite:connections.db", "postgresql://u:hunter2@[here", "profile.demo.store: is no URL that the store understands"),
        ("[profile.demo]", "default = []\n[profile.demo]", "default: must be a text"),
        ("[profile.demo]", "default = 0\n[profile.demo]", "default: must be a text"),
    ],
)
def test_a_profile_that_will_not_do(here, before, after, told):
    assert before in here.profile
    here.profile = here.profile.replace(before, after, 1)
    code, answer = here.run_here("status")
    assert code == 3 and told in answer["error"]["advice"] and "hunter2" not in str(answer)


@pytest.mark.parametrize("file", ["[[profile]]\nname = 'demo'", "profile = 3", "profile = [[]]"])
def test_profiles_that_are_none(here, file):
    here.profile = file
    code, answer = here.run_here("status")
    assert (code, answer["error"]["code"]) == (3, "config_invalid")
    assert "profile: must be a table" in answer["error"]["advice"]


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@[here", "postgresql://u:hunter2%zz@here/x", "redis://u:hunter2@here:nan/0"])
def test_the_url_of_a_store_is_not_quoted(here, monkeypatch, url):
    here.profile = here.profile.replace('"sqlite:connections.db"', '{ env = "STORE_URL" }')
    monkeypatch.setenv("STORE_URL", url)
    code, answer = here.run_here("status")
    assert code == 3 and "no URL that the store understands" in answer["error"]["advice"]
    assert "hunter2" not in str(answer)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("https://auth.example/oauth/token", "http://auth.example/oauth/token", "misuse_endpoint_invalid"),
        ('scopes = ["expenses:read", "users:read"]', 'scopes = ["a b"]', "misuse_scope_invalid"),
        ("http://127.0.0.1/callback", "http://erp.example/callback", "misuse_redirect_uri_invalid"),
        ("[profile.demo]", "= [", "config_no_toml"),
        ("[profile.demo]", "other = 1\n[profile.demo]", "config_invalid"),
        ("[profile.demo]", 'default = "gone"\n[profile.demo]', "config_profile_missing"),
    ],
)
def test_codes_of_what_will_not_do(here, before, after, code):
    here.profile = here.profile.replace(before, after, 1)
    exit_code, answer = here.run_here("status")
    assert (exit_code, answer["error"]["code"]) == (3, code)


def test_a_sealing_key_of_another_length(here, monkeypatch):
    monkeypatch.setenv("DEMO_KEY", base64.b64encode(b"short").decode())
    code, answer = here.run_here("status")
    assert (code, answer["error"]["code"]) == (3, "misuse_sealing_key_invalid")


def test_a_redirect_uri_elsewhere(here):
    here.profile = here.profile.replace("http://127.0.0.1/callback", "https://erp.example/callback")
    code, answer = here.run_here("connect")
    assert (code, answer["error"]["code"]) == (3, "config_redirect_elsewhere")


def test_which_profile(here, monkeypatch):
    here.profile += here.profile.replace("[profile.demo", "[profile.second")
    assert here.run_here("status")[0] == 3
    assert here.run_here("status", "--profile", "second")[0] == 13
    monkeypatch.setenv("EVERGRANT_PROFILE", "demo")
    assert here.run_here("status")[0] == 13
    here.profile = 'default = "second"\n' + here.profile
    monkeypatch.delenv("EVERGRANT_PROFILE")
    path = here.folder / "config.toml"
    assert here.run_here("status")[0] == 13 and load(path, None).name == "second"
    monkeypatch.delenv("EVERGRANT_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here.folder))
    assert path_of(None) == here.folder / "evergrant/config.toml"
    assert here.run_here("status")[1]["error"]["code"] == "config_missing"


def test_secrets_of_the_keyring(here, monkeypatch):
    kept = {("evergrant", "demo"): CLIENT_SECRET}
    ring = types.ModuleType("keyring")
    ring.errors = types.ModuleType("keyring.errors")
    ring.errors.KeyringError = type("KeyringError", (Exception,), {})
    ring.get_password = lambda service, user: kept.get((service, user))
    here.profile = here.profile.replace('{ env = "DEMO_SECRET" }', '{ keyring = "evergrant", user = "demo" }')
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "evergrant[keyring]" in here.run_here("status")[1]["error"]["advice"]
    monkeypatch.setitem(sys.modules, "keyring", ring)
    monkeypatch.setitem(sys.modules, "keyring.errors", ring.errors)
    assert here.run_here("status")[0] == 13
    kept.clear()
    code, answer = here.run_here("status")
    assert (code, answer["error"]["code"]) == (3, "config_secret_missing")

    def locked(service, user):
        raise ring.errors.KeyringError("hunter2")

    ring.get_password = locked
    code, answer = here.run_here("status")
    assert code == 3 and "KeyringError" in answer["error"]["advice"] and "hunter2" not in str(answer)


def test_doctor_finds_nothing(shell):
    shell.run("connect")
    done = shell.run("doctor", "--json")
    assert done.code == 0 and done.json["ok"]
    names = [check["check"] for check in done.json["checks"]]
    assert names == ["profile", "client", "store", "authorization server", "clock", "record", "connection"]
    assert "BAD" not in shell.run("doctor").out
    assert shell.run("doctor", "--offline").code == 0


def test_doctor_finds(shell):
    done = shell.run("doctor", "--json")
    assert (done.code, bad(done)) == (21, {"connection": "there never was one"})
    assert shell.run("connect", "--scope", "users:read").code == 0
    assert bad(shell.run("doctor", "--json")) == {"scopes": "not granted: expenses:read"}
    assert bad(shell.run("doctor", "--json", "-t", "x" * 257)) == {"tenant": "misuse_tenant_invalid"}

    key, shell.env["DEMO_KEY"] = shell.env["DEMO_KEY"], base64.b64encode(bytes(range(32))).decode()
    shell.profile = shell.profile.replace('id = "2026"', 'id = "2027"')
    done = shell.run("doctor", "--json", "--offline")
    assert bad(done) == {"record": "host_sealing_key_missing; sealing_key: 2026"}
    assert "older" in done.json["checks"][-1]["advice"]
    shell.env["DEMO_KEY"] = key
    shell.profile = shell.profile.replace('id = "2027"', 'id = "2026"')

    del shell.env["DEMO_SECRET"]
    done = shell.run("doctor", "--json")
    assert bad(done) == {"client": "config_secret_missing"}
    assert "DEMO_SECRET" in shell.run("doctor").out
    shell.profile = shell.profile.replace("sqlite:connections.db", "sqlite:missing/connections.db")
    assert set(bad(shell.run("doctor", "--json"))) == {"client", "store"}
    shell.profile = ""
    assert bad(shell.run("doctor", "--json")) == {"profile": "config_profile_missing"}


@pytest.mark.parametrize(("ahead", "told"), [(3_600, "ahead of"), (-3_600, "behind")])
def test_doctor_looks_at_the_clock(shell, monkeypatch, capsys, ahead, told):
    shell.run("connect")
    for name in ("DEMO_SECRET", "DEMO_KEY", "EVERGRANT_CONFIG"):
        monkeypatch.setenv(name, shell.env[name])
    monkeypatch.setattr(Clock, "time", staticmethod(lambda: time.time() + ahead))
    assert main(["doctor", "--json"]) == 21
    checks = {check["check"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert re.match(rf"3[56]\d\d s {told} 127", checks["clock"]["found"])


def test_doctor_without_a_network(shell):
    shell.run("connect")
    shell.profile = shell.profile.replace(shell.authority.base, "http://127.0.0.1:1")
    found = bad(shell.run("doctor", "--json"))
    assert found == {"authorization server": "127.0.0.1:1 does not answer: ConnectionRefusedError"}


def bad(done):
    return {check["check"]: check["found"] for check in done.json["checks"] if not check["ok"]}


def test_refresher_is_an_extra(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "evergrant.refresher.__main__", None)
    code, answer = here.run_here("refresher")
    assert (code, answer["error"]["code"]) == (3, "refresher_missing")
    with pytest.raises(SystemExit):
        main(["status", "--poll", "2"])


REGISTRATION = """
client_name = "Example ERP"
client_uri = "https://erp.example"
logo_size = { width = 512, height = 512 }
tos_uri = "https://erp.example/terms"
policy_uri = "https://erp.example/privacy"
contacts = ["api@erp.example"]
initiation_uri = "https://erp.example/connect"
settings_uri = "https://erp.example/settings"
redirect_uris = ["https://erp.example/callback"]
scopes = ["users:read"]
"""


def test_register(tmp_path, capsys):
    good = tmp_path / "registration.toml"
    good.write_text(REGISTRATION)
    assert main(["register", str(good)]) == 0
    assert "Example ERP" in capsys.readouterr().out
    assert main(["register", "--json", str(good)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] and told["registration"]["client_name"] == "Example ERP"

    as_json = tmp_path / "registration.json"
    as_json.write_text(json.dumps(told["registration"]))
    assert main(["register", "--json", str(as_json)]) == 3  # The form has members of RFC 7591, not ours.
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "config_invalid"

    bad_one = tmp_path / "bad.toml"
    local = "http://127.0.0.1:8000/callback"
    bad_one.write_text(REGISTRATION.replace("https://erp.example/callback", local).replace("Example ERP", "Pleo Sync"))
    assert main(["register", str(bad_one)]) == 21
    assert "redirect_uris[0]: registration_not_https\n" in capsys.readouterr().out
    assert main(["register", "--json", "--environment", "staging", str(bad_one)]) == 21
    assert json.loads(capsys.readouterr().out)["faults"] == [
        {"field": "client_name", "item": None, "code": "registration_branding"}
    ]
    for name, content, code in (
        ("a.toml", REGISTRATION.replace("scopes", "scope"), "config_invalid"),
        ("a.json", "[]", "config_invalid"),
        ("a.json", "{", "config_no_json"),
        ("missing/a.json", None, "config_unreadable"),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_text(content)
        assert main(["register", "--json", str(path)]) == 3
        assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_the_exit_codes_that_are_told_are_those_that_are_used():
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.EvergrantError)}
    assert kinds - set(VERDICTS) == {errors.EvergrantError, errors.StoreUnavailable, errors.CallbackRefused}
    used = {verdict.exit for verdict in VERDICTS.values()} | set(OTHERS)
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", (DOCS / "cli.md").read_text(), re.M)}
    shown = {int(code) for code in re.findall(r"^ +(\d+)  ", parser().format_help(), re.M)}
    assert used == told == shown


def test_the_guide_is_current(capsys):
    """The commands, and the profile that it shows."""
    guide = (DOCS / "cli.md").read_text()
    commands = re.findall(r"^    (\w+) ", parser().format_help().partition("COMMAND\n")[2].partition("\n\n")[0], re.M)
    assert len(commands) == 11
    for command in commands:
        assert f"| `{command}" in guide
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0 and len(capsys.readouterr().out) > 200


def test_the_guides_profiles_are_read(here, monkeypatch):
    blocks = re.findall(r"```toml\n(.*?)```", (DOCS / "cli.md").read_text(), re.S)
    for name in re.findall(r'env = "(\w+)"', "".join(blocks)):
        monkeypatch.setenv(name, SEALING_KEY if "KEY" in name else CLIENT_SECRET)
    here.profile = blocks[0]
    names = re.findall(r"^\[profile\.(\w+)\]", blocks[0], re.M)
    assert names == ["pleo", "other"]
    for name in names:
        code, answer = here.run_here("status", "--profile", name)
        assert (code, answer.get("status")) == (13, "disconnected"), answer
    path = here.folder / "registration.toml"
    path.write_text(blocks[1])
    assert here.run_here("register", str(path))[0] == 0
