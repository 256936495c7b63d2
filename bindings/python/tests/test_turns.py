"""Whose an answer is, also after somebody has stopped waiting: the driver by hand, whose
effects are performed in whatever order a test wants."""

import json
from concurrent.futures import Future
from urllib.parse import parse_qs, urlsplit

import pytest
from evergrant import CallbackRefused, Denied, Secret
from evergrant._packed import inputs
from evergrant.driver import Driver, Send, Swap
from evergrant.http import Answer
from evergrant.machine import ApiKeyKind, Binding, CompanyBinding
from evergrant.stores import MemoryStore
from world import CALLBACK, MovedClock, World

COMPANY = "urn:pleo:company:00000000-0000-8000-8000-00000000000c"


class Nowhere:
    base = "http://127.0.0.1:1"


class Hand:
    """Performs what the driver wants, except what is kept on its way."""

    def __init__(self):
        binding = CompanyBinding(
            url=f"{Nowhere.base}/v1/introspect",
            subject="/data/subjectURN",
            scope="/data/scope",
            company_prefix="urn:pleo:company:",
            organisation_prefix="urn:pleo:organisation:",
        )
        world = World(Nowhere(), provider={"api_keys": binding})
        self.store, self.clock, self.notices = MemoryStore(), MovedClock(), []
        self.driver = Driver(world.client.machine, "t", self.clock, self.notices.append)

    def wish(self, method, *arguments):
        waiter = Future()
        return waiter, method(waiter, *arguments)

    def swap(self, effect):
        return self.driver.swapped(effect.op, self.store.swap(effect.key, effect.expected, effect.write))

    def perform(self, effects):
        """All swaps; what is to be sent is handed back."""
        sends, effects = [], list(effects)
        while effects:
            effect = effects.pop(0)
            if isinstance(effect, Send):
                sends.append(effect)
            else:
                assert isinstance(effect, Swap)
                effects += self.swap(effect)
        return sends

    def authorize(self, context):
        asked = inputs.Authorize(CALLBACK, [], [], Binding.COOKIE, context, None)
        return self.wish(self.driver.authorize, asked)

    def begun(self, context):
        waiter, effects = self.authorize(context)
        self.perform(effects)
        return waiter.result()

    def redirected(self, opened, proof=None):
        state = parse_qs(urlsplit(opened.url.expose()).query)["state"][0]
        url = Secret(f"{CALLBACK}?code=c&state={state}&iss={Nowhere.base}")
        return self.wish(self.driver.redirected, url, proof or opened.binding)

    def enter_key(self, key):
        return self.wish(self.driver.enter_key, inputs.KeyEntered(key, ApiKeyKind.INTEGRATED))


@pytest.fixture
def hand():
    return Hand()


def tokens():
    body = {"access_token": "a", "token_type": "bearer", "refresh_token": "r", "expires_in": 900}
    return Answer(200, [("content-type", "application/json")], json.dumps(body).encode())


def told(company):
    body = {"data": {"subjectURN": company, "scope": "users:read"}}
    return Answer(200, [("content-type", "application/json")], json.dumps(body).encode())


def test_an_authorization_that_nobody_waits_for(hand):
    abandoned, [first] = hand.authorize("1")
    assert abandoned.cancel()
    other, effects = hand.authorize("2")
    assert effects == []
    hand.perform([first])
    done, effects = hand.redirected(other.result())
    [exchange] = hand.perform(effects)
    hand.perform(hand.driver.answered(exchange.op, tokens()))
    assert done.result().return_context == "2"


def test_an_authorization_that_runs_out_while_another_begins(hand):
    """However many were begun before."""
    old = hand.begun("0")
    for number in range(70):
        _, effects = hand.wish(hand.driver.cancel, inputs.Cancel(f"unknown {number}"))
        hand.perform(effects)
    hand.clock.ahead += 3_600
    expiring = hand.driver.wake()
    beginning, effects = hand.authorize("1")
    hand.perform(expiring)
    assert [(notice.code, notice.authorization) for notice in hand.notices][-1] == (
        "authorization_expired",
        old.authorization,
    )
    assert not beginning.done()
    hand.perform(effects)
    assert beginning.result().authorization != old.authorization


def test_an_authorization_that_is_given_up_before_it_has_begun(hand):
    hand.begun("0")
    beginning, effects = hand.authorize("1")
    _, cancelling = hand.wish(hand.driver.cancel, inputs.Cancel(None))
    with pytest.raises(Denied, match="^denied_superseded$"):
        beginning.result(0)
    next_one, more = hand.authorize("2")
    hand.perform([*effects, *cancelling, *more])
    assert next_one.result()


def test_a_redirect_that_nobody_waits_for_is_refused(hand):
    forged, true = hand.begun("0"), hand.begun("1")
    abandoned, refused = hand.redirected(forged, Secret("guessed"))
    assert abandoned.cancel()
    done, effects = hand.redirected(true)
    assert effects == []
    [exchange] = hand.perform(refused)
    hand.perform(hand.driver.answered(exchange.op, tokens()))
    assert done.result().return_context == "1"


def test_one_redirect_that_comes_twice(hand):
    """While the first one's code is exchanged others are judged; what comes of it is not
    said to one that comes with a guessed cookie."""
    opened, other = hand.begun("0"), hand.begun("1")
    first, effects = hand.redirected(opened)
    [exchange] = hand.perform(effects)
    forged, judging = hand.redirected(opened, Secret("guessed"))
    waiting, none = hand.redirected(other, Secret("guessed"))
    assert judging and none == []
    hand.perform(hand.driver.answered(exchange.op, tokens()))
    assert first.result().return_context == "0"
    assert not forged.done()
    hand.perform(judging)
    for refused, code in ((forged, "callback_state_used"), (waiting, "callback_binding_mismatch")):
        with pytest.raises(CallbackRefused, match=f"^{code}$"):
            refused.result(0)


def test_a_key_that_nobody_waits_for(hand):
    """It makes room for the next one, which is not told of its end."""
    abandoned, effects = hand.enter_key("first")
    [asking] = hand.perform(effects)
    assert abandoned.cancel()
    other, effects = hand.enter_key("second")
    third, none = hand.enter_key("third")
    assert none == []
    [asked_again] = hand.perform(effects)
    assert not other.done()
    assert hand.perform(hand.driver.answered(asking.op, told(COMPANY))) == []
    assert not other.done()
    [last] = hand.perform(hand.driver.answered(asked_again.op, told(COMPANY)))
    assert other.result().company == COMPANY
    hand.perform(hand.driver.answered(last.op, Answer(401, [], b"")))
    with pytest.raises(Denied, match="^denied_key_invalid$"):
        third.result(0)


def test_a_key_that_can_be_none_after_one_that_nobody_waits_for(hand):
    abandoned, effects = hand.enter_key("first")
    [asking] = hand.perform(effects)
    assert abandoned.cancel()
    malformed, _ = hand.enter_key("no key: this")
    with pytest.raises(Denied, match="^denied_key_malformed$"):
        malformed.result(0)
    # The first one is still being tried, and what comes of it is nobody's.
    hand.perform(hand.driver.answered(asking.op, told(COMPANY)))
    third, effects = hand.enter_key("third")
    [asking] = hand.perform(effects)
    hand.perform(hand.driver.answered(asking.op, told(COMPANY)))
    assert third.result().company == COMPANY
