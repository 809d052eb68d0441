"""What a replan changes is a value: the rows to write and to delete, without a database (contract 4.1)."""

from __future__ import annotations

from schemas.messages import FollowUpPlanMade
from schemas.wire import Version
from services.scheduler.domain.facts.facts import NoteSlot
from services.scheduler.domain.facts.intake import Observation
from services.scheduler.domain.people.changes import Changes, changes
from tests.reference.life import ANNE, KAFE, NO_RECORD, Life, at, day, note


def a_life() -> Life:
    life = Life()
    life.arrive(at(0), note(0, 40))
    return life


def test_a_replan_that_changes_nothing_gives_nothing_to_write() -> None:
    known = a_life().known_people
    before = known.copy()

    known.replan([ANNE], at(0))

    assert changes(before, known) == Changes()
    assert changes(before, known).is_empty


def test_a_first_note_writes_the_note_its_version_a_case_its_timers_and_the_person() -> None:
    life = Life()
    before = life.known_people.copy()

    life.arrive(at(0), note(0, 40))

    change = changes(before, life.known_people)
    person = life.known_people.people[ANNE].hash
    assert [(slot.note_id, owner) for slot, owner in change.slots] == [("note-1", person)]
    assert change.slot_versions == change.slots
    assert [case.start for case, _ in change.cases] == [at(0).date()]
    assert {timer.key.checkpoint for timer, _ in change.timers} >= {"follow_up_plan"}
    assert [head.person for head in change.heads] == [person]
    assert not (change.facts or change.due_events or change.withdrawals or change.timers_deleted)


def test_a_timer_that_fires_is_deleted_and_its_due_event_written() -> None:
    life = a_life()
    before = life.known_people.copy()

    events = life.known_people.fire_due(ANNE, at(22))

    change = changes(before, life.known_people)
    assert [owned.value.event for owned in change.due_events] == events
    assert [key.step for _, key in change.timers_deleted] == ["reminder"]
    assert not (change.timers or change.withdrawals or change.cases)


def test_only_new_withdrawals_are_written() -> None:
    life = a_life()
    life.turn(at(22))
    before = life.known_people.copy()

    life.arrive(
        at(23),
        FollowUpPlanMade(person_id=ANNE, org_number=KAFE, made_on=day(23), occurred_at=at(23)),
    )

    change = changes(before, life.known_people)
    assert [owned.value.withdrawal.reason for owned in change.withdrawals] == ["done"]
    assert len(change.facts) == 1
    again = life.known_people.copy()
    life.known_people.replan([ANNE], at(24))
    assert changes(again, life.known_people).withdrawals == ()


def test_a_withdrawn_note_deletes_its_timers_and_no_fact() -> None:
    life = a_life()
    before = life.known_people.copy()

    gone = NoteSlot("canonical", "note-1", Version(10**15, 0), None)
    life.known_people.replan(
        life.known_people.take([Observation(gone, None, NO_RECORD)]).touched, at(1)
    )

    change = changes(before, life.known_people)
    assert len(change.timers_deleted) == len(before.people[ANNE].timers)
    assert [case.is_withdrawn for case, _ in change.cases] == [True]
    assert change.cases_deleted == ()


def test_a_copy_of_the_known_people_does_not_change_when_a_record_arrives() -> None:
    life = a_life()
    copy = life.known_people.copy()
    timers = copy.people[ANNE].timers

    life.arrive(at(1), note(0, 100))

    assert copy.people[ANNE].timers == timers
    assert copy.slots != life.known_people.slots
