"""Generated lives run through time, with records arriving late and in any order (contract 3.6, 4.1-4.3, 5).

No event is early, sent twice or about a case that is over, and none is lost: each armed timer fires once, or a
replan replaces or removes it and gives the reason.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import person_hash
from schemas.messages import DeadlineDue, DeadlineUpdated, DeadlineWithdrawn
from services.scheduler.domain.facts.intake import Observation
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.replan import ReplanOutcome
from services.scheduler.domain.people.simulation import Simulation
from services.scheduler.domain.plan.history import Timer
from tests.reference.life import ANNE, OSLO, at, shipped
from tests.reference.lives import gone_of, lives, records_of

SETTINGS = settings(max_examples=120)
END = at(900)
Key = tuple[str, Any, int]


class Watched(KnownPeople):
    """The known people, with a record of the timers before each replan and of those that each turn fired."""

    def __init__(self, rulebook: str) -> None:
        super().__init__(shipped(rulebook), lambda number: person_hash(b"tests", number))
        self.replans: list[tuple[datetime, tuple[Timer, ...], ReplanOutcome]] = []
        self.fired: list[tuple[datetime, Timer, ReplanOutcome]] = []

    def replan(self, numbers: Any, now: datetime) -> dict[str, ReplanOutcome]:
        before = {number: self.people[number].timers for number in numbers if number in self.people}
        outcomes = super().replan(numbers, now)
        self.replans += [(now, before[number], outcome) for number, outcome in outcomes.items()]
        return outcomes

    def fire_due(self, number: str, now: datetime) -> list[DeadlineDue]:
        before = self.people[number].timers
        events = super().fire_due(number, now)
        after = self.people[number].timers
        last = next((outcome for _, _, outcome in reversed(self.replans)), None)
        if last is not None:
            self.fired += [(now, timer, last) for timer in before if timer not in after]
        return events


def run_through(
    life: dict[str, Any], data: st.DataObject, *, rulebook: str = "standard"
) -> tuple[Watched, Simulation]:
    """The life's records arrive one by one at drawn instants; then the clock runs on until END, when all is over."""
    records = records_of(life)
    for number in data.draw(st.sets(st.integers(0, len(life["notes"]) - 1), max_size=2)):
        records.append(gone_of(life, number))
    records = list(data.draw(st.permutations(records)))
    days = sorted(
        data.draw(st.lists(st.integers(-20, 320), min_size=len(records), max_size=len(records)))
    )
    known_people = Watched(rulebook)
    simulation = Simulation(known_people)
    for number, record in zip(days, records, strict=True):
        clock = data.draw(st.sampled_from(["00:00", "08:59", "09:00", "09:01", "12:00", "23:59"]))
        batch: list[Observation] = [record] * data.draw(st.sampled_from([1, 1, 2]))
        when = max(
            at(number, clock), simulation.sent[-1][0] if simulation.sent else at(-20, "00:00")
        )
        when = max(when, known_people.replans[-1][0] if known_people.replans else when)
        simulation.arrive(batch, when)
    simulation.run_until(END)
    return known_people, simulation


def due_events(simulation: Simulation) -> list[tuple[datetime, DeadlineDue]]:
    return [
        (when, message) for when, message in simulation.sent if isinstance(message, DeadlineDue)
    ]


def withdrawals(simulation: Simulation) -> list[tuple[datetime, DeadlineWithdrawn]]:
    return [
        (when, message)
        for when, message in simulation.sent
        if isinstance(message, DeadlineWithdrawn)
    ]


@SETTINGS
@given(
    life=lives(), data=st.data(), rulebook=st.sampled_from(["standard"] * 3 + ["employer-example"])
)
def test_a_life_lived_through_keeps_every_promise(
    life: dict[str, Any], data: st.DataObject, rulebook: str
) -> None:
    """All properties are asked of one run, since generating a life takes most of the time."""
    known_people, simulation = run_through(life, data, rulebook=rulebook)
    never_early_and_truly_late(simulation)
    never_twice(simulation)
    nothing_for_a_case_that_is_over(known_people)
    nothing_lost(known_people)
    withdrawn_after_fired_and_once(simulation)
    nothing_is_left_pending(known_people)


def never_early_and_truly_late(simulation: Simulation) -> None:
    for when, event in due_events(simulation):
        assert event.fired_at == when >= event.due_at
        assert event.late_seconds == int((when - event.due_at).total_seconds())
        assert event.recipients
        assert (event.basis is not None) == any(
            recipient.role == "adviser" for recipient in event.recipients
        )


def never_twice(simulation: Simulation) -> None:
    """Each id once, and the generations of a timer one after the other."""
    events = [event for _, event in due_events(simulation)]
    assert max(Counter(event.event_id for event in events).values(), default=1) == 1
    seen: dict[tuple[str, str, str, str | None], int] = {}
    for event in events:
        key = (event.case_id, event.checkpoint, event.step, event.subject)
        assert event.generation > seen.get(key, 0)
        seen[key] = event.generation


def nothing_for_a_case_that_is_over(known_people: Watched) -> None:
    """By the last replan before a timer fired, its case had notes and was not over, and the timer was due."""
    for when, timer, known in known_people.fired:
        leave = known.leaves[timer.case_id]
        assert when.astimezone(OSLO).date() < leave.over_on
        assert timer.due_at <= when < timer.fire_before


def nothing_lost(known_people: Watched) -> None:
    """Every timer has fired, is still armed, or was removed by a replan that gives the reason."""
    fired = {_name(timer) for _, timer, _ in known_people.fired}
    for now, before, outcome in known_people.replans:
        plans = {
            (case, step.key): step for case, plan in outcome.plans.items() for step in plan.steps
        }
        for timer in before:
            after = [
                new_timer for new_timer in outcome.person.timers if _name(new_timer) == _name(timer)
            ]
            if after or _name(timer) in fired:
                continue
            step = plans.get((timer.case_id, timer.key))
            if step is None:
                assert _is_without_ground(timer, outcome), timer.key
                continue
            assert step.state in ("not_applicable", "done", "waiting", "missed", "fired", "armed")
            assert step.reason
            if timer.due_at <= now and not timer.caught_up and step.state == "missed":
                assert step.reason in (
                    "ended",
                    "catch_up_passed",
                    "recovered",
                ) or step.reason.startswith("superseded:")


def _name(timer: Timer) -> Key:
    return timer.case_id, timer.key, timer.generation


def _is_without_ground(timer: Timer, outcome: ReplanOutcome) -> bool:
    """Its case has become part of another, or the fact that it counted from is withdrawn."""
    return (
        timer.case_id not in outcome.plans or bool(timer.key.subject) or timer.key.step == "reply"
    )


def withdrawn_after_fired_and_once(simulation: Simulation) -> None:
    standing: dict[str, set[Any]] = {}
    seen: set[str] = set()
    for _, message in simulation.sent:
        if isinstance(message, DeadlineDue):
            standing[message.event_id] = set(message.recipients)
        elif isinstance(message, DeadlineWithdrawn):
            assert message.withdrawal_id not in seen
            seen.add(message.withdrawal_id)
            left = standing[message.event_id]
            assert left, "withdrawn although nobody was left"
            standing[message.event_id] = (
                set() if message.recipients is None else left - set(message.recipients)
            )
            assert len(standing[message.event_id]) < len(left)
        elif isinstance(message, DeadlineUpdated):
            assert standing[message.event_id], "updated although nobody is left"


def nothing_is_left_pending(known_people: Watched) -> None:
    """At END every case is over: no timer is left, and every event that fired has been withdrawn."""
    person = known_people.people[ANNE]
    assert person.timers == ()
    assert all(fired_step.remaining == () for fired_step in person.fired)
    assert person.replan_at is None or person.replan_at > END


@SETTINGS
@given(life=lives(), data=st.data())
def test_a_second_replan_at_the_same_instant_changes_nothing(
    life: dict[str, Any], data: st.DataObject
) -> None:
    """Repeated records, a rebalance of Kafka's consumers and a second process each cause further replans."""
    known_people, _ = run_through(life, data)
    when = END
    first = known_people.replan([ANNE], when)[ANNE]
    second = known_people.replan([ANNE], when)[ANNE]
    assert second.messages == ()
    assert second.person == first.person
    assert [plan.steps for plan in second.plans.values()] == [
        plan.steps for plan in first.plans.values()
    ]


@SETTINGS
@given(life=lives(), data=st.data(), looks=st.lists(st.integers(-20, 320), max_size=6))
def test_replans_in_between_change_no_due_event(
    life: dict[str, Any], data: st.DataObject, looks: list[int]
) -> None:
    """When a timer fires depends on facts and time, not on how often its person is replanned in between."""
    records = records_of(life)
    days = sorted(
        data.draw(st.lists(st.integers(-20, 320), min_size=len(records), max_size=len(records)))
    )
    sent = []
    for look in ([], looks):
        known_people = KnownPeople(
            shipped("standard"), lambda number: person_hash(b"tests", number)
        )
        simulation = Simulation(known_people)
        instants = sorted({*days, *look})
        for number in instants:
            batch = [
                record
                for arrival_day, record in zip(days, records, strict=True)
                if arrival_day == number
            ]
            simulation.arrive(batch, at(number))
            if number in look:
                simulation.plan(at(number, "12:00", seconds=1))
        simulation.run_until(END)
        sent.append(
            [
                (when, message.event_id, message.recipients)
                for when, message in simulation.sent
                if isinstance(message, DeadlineDue | DeadlineWithdrawn)
            ]
        )
    assert sent[0] == sent[1]
