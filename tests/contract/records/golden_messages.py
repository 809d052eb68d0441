"""One message of every kind, as Python values: what the records in schemas/samples decode to."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

from schemas import messages as m
from schemas.wire import Record, encode

PERSON, OTHER_PERSON = "14838511253", "12928618070"
ORG = "310200107"
CASE, EVENT = "0f0c5d0e-6a0f-5b6e-9d0a-6a2d7f1c9b11", "6f1ed002-ab59-5a1c-8f7e-7d5e6e1f4a22"
DELIVERY, MEETING = "9b2e7c1d-3f4a-5c6b-8d7e-1a2b3c4d5e6f", "fbcb48be-16d5-5f21-af6a-6d915cebd59d"
ADVISER = "Z999999"
SUMMER = timezone(timedelta(hours=2))
AT = datetime(2026, 4, 27, 9, 0, tzinfo=SUMMER)
KAFE = m.Employer(org_number=ORG, name="SYNTETISK KAFE OSLO")

BASIS = m.Basis(
    as_of=date(2026, 4, 27),
    revision=1,
    weeks_completed=16,
    notes_until=date(2026, 5, 10),
    summon_by=date(2026, 6, 14),
    meet_by=date(2026, 7, 5),
    history_since=date(2025, 1, 1),
    grade=m.GradeBasis(
        now=60, history=(m.GradePeriod(from_=date(2026, 1, 5), to=date(2026, 3, 1), grade=100),)
    ),
    earlier_cases=(m.EarlierCase(start=date(2024, 9, 2), end=date(2024, 11, 10), sick_days=70),),
    employers=(KAFE,),
    follow_up_plans=(
        m.PlanBasis(
            org_number=ORG,
            made_on=date(2026, 1, 28),
            shared_with_practitioner_on=date(2026, 2, 2),
            shared_with_office_on=None,
            shared_on=date(2026, 2, 2),
        ),
    ),
    answers=(
        m.AnswerBasis(
            party="employee",
            org_number=None,
            wants_meeting=True,
            justified=True,
            answered_on=date(2026, 4, 22),
        ),
    ),
    requests=(m.RequestBasis(party="practitioner", meeting=2, requested_on=date(2026, 3, 2)),),
    meetings=(
        m.MeetingBasis(
            meeting=2,
            meeting_id=MEETING,
            state="summoned",
            takes_place_on=date(2026, 6, 10),
            org_number=None,
            refusals=1,
        ),
    ),
    exemptions=(
        m.ExemptionBasis(
            checkpoint="dialogue_meeting_1",
            reason="too_ill_for_now",
            granted_on=date(2026, 2, 10),
            until=None,
            granted_by="employer",
        ),
    ),
    activity_requirement=m.ActivityRequirementBasis(
        outcome="met", final=True, assessed_on=date(2026, 3, 3)
    ),
    missing=(f"plan_not_shared:{ORG}", f"answer_employer:{ORG}"),
)
CHANGED_BASIS = BASIS.model_copy(update={"revision": 2})

_OF_CASE: dict[str, Any] = {"event_id": EVENT, "case_id": CASE, "person_id": PERSON}
_OF_STEP: dict[str, Any] = {
    "checkpoint": "dialogue_meeting_2_assessment",
    "step": "assess",
    "subject": None,
    "generation": 1,
}
_FACT: dict[str, Any] = {"person_id": PERSON, "occurred_at": AT}
_MEETING: dict[str, Any] = _FACT | {
    "meeting": 2,
    "meeting_id": MEETING,
    "org_number": ORG,
    "takes_place_on": date(2026, 6, 10),
}
_EXEMPTION: dict[str, Any] = _FACT | {
    "checkpoint": "dialogue_meeting_2",
    "reason": "recovery_expected_within_28_weeks",
    "granted_by": "adviser",
    "org_number": None,
    "until": date(2026, 7, 19),
}
_REASSESSMENT: dict[str, Any] = _FACT | {
    "reassessment_id": "5c2d7f10-8a3e-5b4c-9d6f-2e1a0b9c8d7e",
    "on": date(2026, 5, 20),
    "adviser_id": ADVISER,
}

MESSAGES: tuple[m.Message, ...] = (
    m.SickNoteRegistered(
        note_id="492b1888-e737-59fb-87ac-50c257310129",
        person_id=PERSON,
        employer=KAFE,
        form="digital",
        issued_on=date(2026, 1, 5),
        periods=(
            m.Period(from_=date(2026, 1, 5), to=date(2026, 2, 1), kind="full"),
            m.Period(from_=date(2026, 2, 2), to=date(2026, 2, 15), kind="graded", grade=60),
        ),
        self_certified_days=(date(2026, 1, 2),),
    ),
    m.FollowUpPlanMade(**_FACT, org_number=ORG, made_on=date(2026, 1, 28)),
    m.FollowUpPlanShared(
        **_FACT,
        org_number=ORG,
        made_on=date(2026, 1, 28),
        shared_with="office",
        shared_on=date(2026, 1, 29),
    ),
    m.FollowUpPlanRequested(
        **_FACT, org_number=ORG, adviser_id=ADVISER, reply_by=date(2026, 5, 11)
    ),
    m.DialogueMeetingSummoned(**_MEETING),
    m.DialogueMeetingMoved(**_MEETING),
    m.DialogueMeetingHeld(**_MEETING),
    m.DialogueMeetingCancelled(**_MEETING),
    m.DialogueMeetingMinutesSent(**_MEETING),
    m.DialogueMeetingAnswered(**_MEETING, party="employer", answer="other_time"),
    m.ExemptionGranted(**_EXEMPTION),
    m.ExemptionRevoked(**_EXEMPTION),
    m.ActivityRequirementAssessed(
        **_FACT, outcome="warned", final=False, reply_by=date(2026, 5, 18), adviser_id=ADVISER
    ),
    m.MeetingNeedAnswered(
        **_FACT, party="employer", org_number=ORG, wants_meeting=True, justified=False
    ),
    m.MeetingRequested(**_FACT, meeting=2, party="practitioner", org_number=None),
    m.MeetingRequestClosed(**_FACT, meeting=2, adviser_id=ADVISER),
    m.ReassessmentRequested(**_REASSESSMENT),
    m.ReassessmentClosed(**_REASSESSMENT),
    m.WorkResumed(**_FACT, org_number=ORG, from_=date(2026, 4, 27)),
    m.PersonDied(**_FACT, on=date(2026, 4, 26)),
    m.DeathAnnulled(**_FACT, on=date(2026, 4, 26)),
    m.PersonRenumbered(old_person_id=PERSON, new_person_id=OTHER_PERSON, occurred_at=AT),
    m.FactWithdrawn(**_FACT, fact_id="plan-17"),
    m.PersonContactChanged(
        person_id=PERSON,
        may_be_notified=True,
        phone="+4790000001",
        email="anne@example.invalid",
        language="nn",
        protected=False,
        office="0219",
        birth_date=date(1985, 3, 14),
    ),
    m.LineManagerChanged(
        person_id=PERSON,
        org_number=ORG,
        name="SYNTETISK LEDER",
        email="leder@example.invalid",
        language="en",
        active=True,
    ),
    m.OrganisationContactChanged(org_number=ORG, email="post@kafe.example.invalid", language="nn"),
    m.AdviserChanged(
        adviser_id=ADVISER, office="0219", birth_days=(1, 2, 3), org_numbers=(ORG,), absent=False
    ),
    m.DeadlineDue(
        **_OF_CASE,
        **_OF_STEP,
        due_on=date(2026, 4, 27),
        due_at=AT,
        legal_on=date(2026, 7, 5),
        fired_at=AT + timedelta(milliseconds=12),
        late_seconds=0,
        show_on=None,
        not_after=AT + timedelta(days=44),
        rulebook=m.RulebookStamp(name="standard", version="2026-11", office=None),
        case=m.CaseSnapshot(
            start=date(2026, 1, 5),
            end=date(2026, 5, 10),
            sick_days=124,
            day=113,
            week=17,
            grade=60,
            form="digital",
            employers=(KAFE,),
        ),
        recipients=(
            m.Recipient(role="adviser", adviser_id=ADVISER),
            m.Recipient(role="line_manager", org_number=ORG),
        ),
        basis=BASIS,
    ),
    m.DeadlineUpdated(**_OF_CASE, revision=2, basis=CHANGED_BASIS, updated_at=AT),
    m.DeadlineWithdrawn(
        **_OF_CASE,
        **_OF_STEP,
        withdrawal_id="3d1c2b4a-5e6f-5a7b-8c9d-0e1f2a3b4c5d",
        reason="done",
        detail="plan_shared",
        recipients=(m.Recipient(role="line_manager", org_number=ORG),),
        withdrawn_at=AT,
    ),
    m.SmsRequested(delivery_id=DELIVERY, to="+4790000001", text="Logg inn.", not_after=AT),
    m.SmsCancelled(delivery_id=DELIVERY, reason="plan_shared"),
    m.EmailRequested(
        delivery_id=DELIVERY,
        to="leder@example.invalid",
        subject="Oppfølgingsplan",
        text="Logg inn.",
        not_after=AT,
    ),
    m.EmailCancelled(delivery_id=DELIVERY, reason="plan_shared"),
    m.LetterRequested(
        delivery_id=DELIVERY,
        person_id=PERSON,
        template="meeting_need.question",
        language="nb",
        title="Ønsker du dialogmøte med Nav?",
        body="Hei.\n\nSvar helst innen 3. mai 2026.\n\nSvaret\n- Begrunn svaret. (kilde: praksis i Nav)",
        due_on=date(2026, 5, 3),
    ),
    m.LetterCancelled(delivery_id=DELIVERY, reason="died"),
    m.AdviserTaskOpened(
        task_id=DELIVERY,
        person_id=PERSON,
        case_id=CASE,
        checkpoint="dialogue_meeting_2_assessment",
        step="assess",
        office="0219",
        adviser_id=ADVISER,
        due_on=date(2026, 5, 12),
        legal_on=date(2026, 7, 5),
        case=m.TaskCase(start=date(2026, 1, 5), end=date(2026, 5, 10), day=113, week=17),
        priority="high",
        basis=BASIS,
    ),
    m.AdviserTaskUpdated(task_id=DELIVERY, revision=2, basis=CHANGED_BASIS),
    m.AdviserTaskClosed(task_id=DELIVERY, reason="held"),
    m.DeliveryReceipt(
        delivery_id=DELIVERY, outcome="failed", permanent=True, reason="unknown number", at=AT
    ),
)

BY_NAME = {f"{message.kind}.v{message.version}": message for message in MESSAGES}


PUBLISHERS_KEYS = {
    "person_contact.changed": "person/anne",
    "line_manager.changed": f"manager/anne/{ORG}",
}
"""Keys that the publisher chooses; they hold no national number (contract 10)."""


def record_of(message: m.Message) -> Record:
    """The record of a message as its file in schemas/samples holds it."""
    is_fact = message.topic == m.FollowUpFact.topic
    key = "anne" if is_fact else PUBLISHERS_KEYS.get(message.kind)
    return encode(
        message,
        event_id=f"sample-{message.kind}",
        source="urn:example:stoppunkt",
        at=AT,
        key=key,
    )
