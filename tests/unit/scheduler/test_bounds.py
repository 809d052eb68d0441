"""No person's facts grow without end, and what one publisher floods shuts out nothing else (contract 2)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from schemas.messages import (
    DeathAnnulled,
    DialogueMeetingCancelled,
    DialogueMeetingHeld,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    ExemptionGranted,
    FactWithdrawn,
    FollowUpFact,
    PersonDied,
    PersonRenumbered,
    WorkResumed,
)
from schemas.wire import encode
from services.scheduler.domain.events.basis import ENTRIES_MAX
from services.scheduler.domain.facts.bounds import (
    CASES_MAX,
    EMPLOYERS_MAX,
    FACTS_MAX,
    NOTES_MAX,
    NUMBERS_MAX,
    THINGS_MAX,
)
from services.scheduler.domain.facts.facts import NoteSlot
from services.scheduler.domain.facts.slots import slot_of
from services.scheduler.domain.people.changes import changes
from tests.reference.floods import EMOJI_NAME, FLOODS
from tests.reference.life import ANNE, BJORN, KAFE, Arrival, Life, at, day, fact, gone, note

KIBIBYTE = 1024
LARGEST_EVENT_BYTES = 512 * KIBIBYTE
"""Half of what Kafka takes by default, so that headers and another team's framing have room."""


def flood(life: Life, messages: Iterable[Arrival], number: int = 0) -> list[str]:
    """Takes all of them in one batch; returns the reasons of those that were refused."""
    batch = [life._observation(message, at(number)) for message in messages]
    refusals = life.simulation.arrive(batch, at(number))
    return [refusal.reason for refusal in refusals]


def cancelled(number: int, *, meeting_id: str | None = None) -> FollowUpFact:
    return DialogueMeetingCancelled(
        person_id=ANNE,
        occurred_at=at(0),
        meeting=2,
        meeting_id=meeting_id or f"wild-{number}",
        org_number=KAFE,
    )


def flooded_by_meetings() -> Life:
    life = Life()
    life.arrive(at(0), note(0, 100))
    flood(life, map(cancelled, range(1_000)))
    return life


def stored(life: Life, kind: type[object], person: str = ANNE) -> int:
    return sum(isinstance(fact.message, kind) for fact in life.known_people.people[person].facts)


def test_a_thousand_meetings_are_stored_to_the_bound_and_the_others_are_dead_with_a_sentence() -> (
    None
):
    life = Life()
    reasons = flood(life, map(cancelled, range(1_000)))

    assert stored(life, DialogueMeetingCancelled) == THINGS_MAX
    assert len(reasons) == 1_000 - THINGS_MAX
    (reason,) = set(reasons)
    assert reason == (
        "The person has 50 different things of the type dialogue_meeting.cancelled already, more than a real person"
        " ever has: is the publisher in a loop? Newer versions of those that are stored are still taken."
    )


def test_what_is_refused_changes_nothing_and_is_no_repeat_when_it_comes_again() -> None:
    life = flooded_by_meetings()
    before = life.known_people.copy()
    refused = fact(cancelled(5_000), fact_id="refused")

    assert len(flood(life, [refused], 1)) == 1
    assert changes(before, life.known_people).is_empty
    assert ("tests", "refused") not in life.known_people.seen


def test_a_person_flooded_by_meetings_can_still_die_be_exempted_be_renumbered_and_meet() -> None:
    life = flooded_by_meetings()
    others: list[Arrival] = [
        ExemptionGranted(
            person_id=ANNE,
            occurred_at=at(1),
            checkpoint="dialogue_meeting_1",
            reason="cannot_return",
            granted_by="employer",
        ),
        DialogueMeetingSummoned(
            person_id=ANNE,
            occurred_at=at(1),
            meeting=2,
            meeting_id="real",
            takes_place_on=day(60),
        ),
        cancelled(0, meeting_id="real"),
        DialogueMeetingHeld(person_id=ANNE, occurred_at=at(1), meeting=2, meeting_id="wild-0"),
        note(0, 120, note_id="note-2"),
        PersonDied(person_id=ANNE, occurred_at=at(1)),
        PersonRenumbered(old_person_id=ANNE, new_person_id=BJORN, occurred_at=at(1)),
    ]
    assert flood(life, others, 1) == []
    assert stored(life, PersonDied, BJORN) == 1
    assert stored(life, DialogueMeetingCancelled, BJORN) == THINGS_MAX + 1


def test_a_meeting_that_is_moved_in_a_loop_is_stored_to_the_bound() -> None:
    life = Life()
    moved = DialogueMeetingMoved(person_id=ANNE, occurred_at=at(0), meeting=2, meeting_id="one")
    reasons = flood(life, [moved] * 1_000)
    assert stored(life, DialogueMeetingMoved) == FACTS_MAX
    assert "200 facts of the type dialogue_meeting.moved" in reasons[0]


def test_every_fact_that_stands_can_be_withdrawn_whatever_else_was_withdrawn_before() -> None:
    life = flooded_by_meetings()
    ids = [fact.id for fact in life.known_people.people[ANNE].facts]
    never = [
        FactWithdrawn(person_id=ANNE, occurred_at=at(1), fact_id=f"never-{number}")
        for number in range(1_000)
    ]
    assert len(flood(life, never, 1)) == 1_000 - THINGS_MAX

    mistakes = [FactWithdrawn(person_id=ANNE, occurred_at=at(2), fact_id=id_) for id_ in ids]
    assert flood(life, mistakes, 2) == []
    # Said over and over, they say nothing new.
    assert len(flood(life, mistakes * 10, 3)) == 11 * THINGS_MAX - (FACTS_MAX - THINGS_MAX)


def test_a_death_and_its_annulment_get_in_where_they_change_whether_the_person_lives() -> None:
    life = Life()
    life.arrive(at(0), note(0, 100))
    died = PersonDied(person_id=ANNE, occurred_at=at(1))
    alive = DeathAnnulled(person_id=ANNE, occurred_at=at(1))
    assert len(flood(life, [died] * 1_000, 1)) == 1_000 - FACTS_MAX
    assert flood(life, [alive], 2) == []
    assert flood(life, [died], 3) == []
    assert life.state("follow_up_plan.reminder", at(3)) == "not_applicable: died"
    assert len(flood(life, [died], 4)) == 1


def test_notes_are_stored_to_the_bound_and_known_ones_go_on_being_replaced_and_withdrawn() -> None:
    life = Life()
    reasons = flood(life, [note(0, 30, note_id=f"n{number}") for number in range(1_000)])
    assert len(reasons) == 1_000 - NOTES_MAX
    assert "500 sick notes" in reasons[0]

    others = [
        note(0, 60, note_id="n0"),
        replace(note(0, 60, note_id="n1"), source="sendt"),
        gone("n2"),
        gone("never-came"),
    ]
    assert flood(life, others, 1) == []
    assert len({slot.note_id for slot in life.known_people.people[ANNE].slots}) == NOTES_MAX


def test_a_note_that_names_one_employer_too_many_is_dead() -> None:
    life = Life()
    notes = [
        note(0, 30, note_id=f"n{number}", employer=f"{number:09}")
        for number in range(EMPLOYERS_MAX + 1)
    ]
    (reason,) = flood(life, notes)
    assert "50 employers" in reason
    # One that gives up its employer makes room for another.
    assert flood(life, [note(0, 30, note_id="n0", employer=None)], 1) == []
    assert flood(life, [note(0, 30, note_id="new", employer="999999999")], 2) == []


def test_a_note_that_makes_one_case_too_many_is_dead() -> None:
    life = Life()
    notes = [
        note(
            0,
            0,
            note_id=f"n{number}",
            periods=[
                (first, first, "full", None)
                for first in range(number * 1_700, number * 1_700 + 1_700, 17)
            ],
        )
        for number in range(2)
    ]
    assert flood(life, notes) == []
    assert len(life.known_people.people[ANNE].cases) == CASES_MAX
    (reason,) = flood(life, [note(-500, -500, note_id="one-more")], 1)
    assert "200 separate sick leaves" in reason
    # The same note for other days, and one in a case that there is, make none more.
    assert flood(life, [note(-500, -500, note_id="n1"), note(0, 1, note_id="n2")], 2) == []


def test_numbers_that_are_tied_together_are_bounded() -> None:
    life = Life()
    loop = [
        PersonRenumbered(old_person_id=ANNE, new_person_id=f"{number:011}", occurred_at=at(0))
        for number in range(1_000)
    ]
    reasons = flood(life, loop)
    assert len(reasons) == 1_000 - (NUMBERS_MAX - 1)
    assert "10 numbers" in reasons[0]
    assert len(life.known_people.people) <= NUMBERS_MAX


def test_two_flooded_people_who_turn_out_to_be_one_keep_all_that_they_had() -> None:
    life = Life()
    mine = [cancelled(number) for number in range(THINGS_MAX)]
    theirs = [
        message.model_copy(update={"person_id": BJORN, "meeting_id": f"theirs-{number}"})
        for number, message in enumerate(mine)
    ]
    change = PersonRenumbered(old_person_id=ANNE, new_person_id=BJORN, occurred_at=at(1))
    assert flood(life, [*mine, *theirs, change]) == []
    assert stored(life, DialogueMeetingCancelled, BJORN) == 2 * THINGS_MAX
    assert len(flood(life, [cancelled(9_999)], 1)) == 1


def at_every_bound() -> Life:
    """Somebody at all bounds at once, with the longest names and codes there are."""
    life = Life()
    counts = {"note of a case": CASES_MAX - 1, "note": NOTES_MAX}
    kinds = [kind for kind in FLOODS if kind not in ("died", "annulled", "renumbered", "null")]
    for kind in ("note of a case", *kinds):
        numbers = [number % THINGS_MAX for number in range(FACTS_MAX + 1)]
        counts_on = range(counts.get(kind, 0))
        arrivals = [named(FLOODS[kind](ANNE, number)) for number in counts_on or numbers]
        life.known_people.take([life._observation(arrival, at(1)) for arrival in arrivals])
    return life


def named(arrival: Arrival) -> Arrival:
    """With an employer's name that takes as many bytes as any."""
    if not isinstance(arrival, NoteSlot) or arrival.note is None or arrival.note.employer is None:
        return arrival
    employer = arrival.note.employer.model_copy(update={"name": EMOJI_NAME})
    return replace(arrival, note=arrival.note.model_copy(update={"employer": employer}))


def test_at_every_bound_a_person_is_replanned_at_once_and_no_event_outgrows_its_topic() -> None:
    life = at_every_bound()
    life.known_people.replan([ANNE], at(1))
    before = time.process_time()
    person = life.known_people.replan([ANNE], at(2))[ANNE].person
    seconds = time.process_time() - before

    assert len({slot.note_id for slot in person.slots}) == NOTES_MAX
    assert len(person.cases) == CASES_MAX
    assert len(person.facts) > 15 * FACTS_MAX
    drafts = [timer.draft for timer in person.timers]
    assert max(len(draft.recipients) for draft in drafts) >= EMPLOYERS_MAX
    assert max(len(draft.basis.meetings) for draft in drafts if draft.basis) == ENTRIES_MAX
    sizes = [
        len(encode(draft, event_id="x", source="x", at=at(2)).value or b"") for draft in drafts
    ]
    assert max(sizes) < LARGEST_EVENT_BYTES
    assert seconds < 2


def test_a_basis_holds_its_newest_entries_in_their_order_and_counts_what_was_left_out() -> None:
    life = Life()
    moved = [
        DialogueMeetingMoved(
            person_id=ANNE,
            occurred_at=at(1),
            meeting=2,
            meeting_id=f"moved-{number}",
            takes_place_on=day(40 + number),
        )
        for number in range(THINGS_MAX)
    ]
    # Cancelled ones without a date are as old as their cancelling.
    assert flood(life, [note(0, 200), *moved, *map(cancelled, range(10))]) == []
    (basis,) = {
        timer.draft.basis.model_dump_json(include={"meetings", "omitted"})
        for timer in life.known_people.people[ANNE].timers
        if timer.draft.basis is not None
    }
    shown = json.loads(basis)
    assert [meeting["meeting_id"] for meeting in shown["meetings"]] == [
        f"moved-{number}" for number in range(THINGS_MAX)
    ]
    assert shown["omitted"] == {"meetings": 10}


def test_every_type_of_fact_says_what_it_replaces() -> None:
    def concrete(model: type[FollowUpFact]) -> set[type[FollowUpFact]]:
        own = {model} if "kind" in vars(model) else set()
        return own.union(*(concrete(child) for child in model.__subclasses__()))

    without = set()
    for kind in concrete(FollowUpFact):
        anything: dict[str, Any] = dict.fromkeys(kind.model_fields, "x")
        if slot_of(kind.model_construct(**anything)) is None:
            without.add(kind)
    assert without == {WorkResumed}
