"""A delivery's life: what may follow what, how long a retry waits (contract 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain import delivery as life
from services.notifier.domain.breaker import FAILURES_MAX, REST, Breaker
from services.notifier.domain.delivery import TRANSITIONS, Delivery, Failed, Sent
from services.notifier.domain.retry import ATTEMPTS_MAX, retry_after
from services.notifier.domain.withdrawal import code

NOW = datetime(2026, 2, 24, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def new() -> Delivery:
    return life.planned(
        event_id="e",
        person=b"p",
        role="employee",
        org_number=None,
        channel="sms",
        purpose="step",
        now=NOW,
        not_after=NOW + timedelta(days=14),
    )


def claimed(delivery: Delivery) -> Delivery:
    """What the claim's statement does."""
    if delivery.state not in ("waiting", "sending"):
        return delivery
    lapsed = delivery.state == "sending"
    return replace(
        delivery, state="sending", ready_at=LATER, uncertain=lapsed or delivery.uncertain
    )


def attempted(delivery: Delivery, outcome: Sent | Failed, *, can_close: bool = True) -> Delivery:
    if delivery.state != "sending":
        return delivery
    return life.after_attempt(delivery, outcome, can_close=can_close, now=NOW)


STEPS: dict[str, Callable[[Delivery], Delivery]] = {
    "claim": claimed,
    "sent": lambda d: attempted(d, Sent()),
    "sent for good": lambda d: attempted(d, Sent(), can_close=False),
    "busy": lambda d: attempted(d, Failed(permanent=False, reason="busy")),
    "refused": lambda d: attempted(d, Failed(permanent=True, reason="refused")),
    "trouble": lambda d: life.released(d, LATER) if d.state == "sending" else d,
    "defer": lambda d: life.deferred(d, LATER, "window") if d.state == "sending" else d,
    "expire": lambda d: life.expired(d, NOW) if d.state == "sending" else d,
    "withdraw": lambda d: life.withdrawn(d, "done", can_close=True, now=NOW),
    "withdraw for good": lambda d: life.withdrawn(d, "done", can_close=False, now=NOW),
    "delivered": lambda d: life.confirmed(d, NOW),
    "bounced": lambda d: life.bounced(d, permanent=True, reason="gone", now=NOW),
    "close": lambda d: life.closed(d, NOW) if d.state == "closing" else d,
    "too late": lambda d: life.not_closed(d) if d.state == "closing" else d,
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=30))
def test_whatever_happens_only_what_the_table_allows_follows(steps: list[str]) -> None:
    """And something is left to do exactly while there is an instant to do it at."""
    path = [new()]
    for step in steps:
        path.append(STEPS[step](path[-1]))
    for before, after in pairwise(path):
        assert after.state == before.state or after.state in TRANSITIONS[before.state]
        assert (after.ready_at is not None) == (after.state in ("waiting", "sending", "closing"))
        assert (after.ended_at is not None) == (
            after.state in ("cancelled", "expired", "failed", "closed")
        )


@given(
    st.lists(st.sampled_from(["delivered", "withdraw", "bounced", "withdraw for good"]), max_size=8)
)
def test_a_repeat_changes_nothing(steps: list[str]) -> None:
    delivery = attempted(claimed(new()), Sent())
    for step in steps:
        once = STEPS[step](delivery)
        assert STEPS[step](once) == once
        delivery = once


def test_a_withdrawal_and_a_receipt_may_come_in_either_order() -> None:
    sent = attempted(claimed(new()), Sent())
    one = STEPS["withdraw"](STEPS["delivered"](sent))
    other = STEPS["delivered"](STEPS["withdraw"](sent))
    assert one == other
    assert one.state == "closing"


@pytest.mark.parametrize(("receipts", "state"), [([], "sent"), (["delivered"], "delivered")])
def test_what_could_not_be_taken_back_is_what_it_was_and_says_why_it_would_have_been(
    receipts: list[str], state: str
) -> None:
    delivery = attempted(claimed(new()), Sent())
    for step in ("withdraw", *receipts, "too late"):
        delivery = STEPS[step](delivery)
    assert (delivery.state, delivery.withdrawn, delivery.reason) == (state, "done", None)
    assert delivery.ready_at is None


@given(st.integers(1, ATTEMPTS_MAX - 1), st.floats(0, 1, exclude_max=True))
def test_a_retry_waits_between_a_minute_and_an_hour_and_longer_each_time(
    attempts: int, fraction: float
) -> None:
    """contract 6.7."""
    wait = retry_after(attempts, fraction)
    assert wait is not None
    assert timedelta(minutes=1) <= wait <= timedelta(hours=1)
    longest = retry_after(attempts, 0.0)
    assert longest is not None
    assert longest * 0.8 <= wait <= longest
    if attempts > 1:
        before = retry_after(attempts - 1, 0.0)
        assert before is not None
        assert longest >= before


def test_the_tenth_failure_is_the_last() -> None:
    assert retry_after(ATTEMPTS_MAX, 0.5) is None


def test_the_same_attempt_of_the_same_delivery_waits_equally_long_in_every_replay() -> None:
    first, second = (STEPS["busy"](claimed(new())) for _ in range(2))
    assert first == second
    assert first.ready_at is not None
    assert first.ready_at != NOW


def test_a_gateway_rests_after_failures_in_a_row_and_a_success_forgets_them() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_MAX):
        assert breaker.blocks(NOW) is None
        breaker = breaker.failed(NOW)
    assert breaker.blocks(NOW) == NOW + REST
    assert breaker.blocks(NOW + REST) is None
    assert breaker.failed(NOW + REST).blocks(NOW + REST) == NOW + 2 * REST
    assert breaker.succeeded().failed(NOW).blocks(NOW) is None


@pytest.mark.parametrize(
    ("text", "passed_on"),
    [
        ("plan_shared", "plan_shared"),
        ("exempted:medical", "exempted:medical"),
        ("smtp:550", "smtp:550"),
        ("could not reach +4790000001", None),
        ("14838511253", None),
        ("code14838511253", None),
        ("", None),
        (None, None),
        ("x" * 65, None),
    ],
)
def test_a_reason_is_a_code_or_nothing(text: str | None, passed_on: str | None) -> None:
    """contract 8: no reason can say anything about a person."""
    assert code(text) == passed_on
