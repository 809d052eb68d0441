"""The messages of Stoppunkt: every kind, its topic, its key and its data (contract 5 and 10).

Frozen pydantic models. Unknown fields are ignored and additive change keeps the version. Dates are calendar
dates in Europe/Oslo, instants are aware. `person_id` is opaque (11 digits in Norway), and so are all other
ids. Models are validated strictly from JSON: a number where a date should be is a fault, not a date.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, ClassVar, Literal, Self

from annotated_types import Ge, Le
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

# Longer than any note that exists; one slip of a year would otherwise keep timers alive for decades (contract 8).
PERIOD_DAYS_MAX = 400
FULL_GRADE = 100

# Outside these years date arithmetic on a typing error could run out of the calendar.
Day = Annotated[date, Ge(date(1950, 1, 1)), Le(date(2150, 12, 31))]
Instant = Annotated[
    AwareDatetime,
    Ge(datetime(1950, 1, 1, tzinfo=UTC)),
    Le(datetime(2150, 12, 31, tzinfo=UTC)),
]
# No control characters: PostgreSQL stores no NUL, and nothing else of them belongs in an id or a name.
Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Text = Annotated[str, StringConstraints(max_length=100_000, pattern=r"^[^\x00]*$")]

PeriodKind = Literal["full", "graded", "waiting", "treatment_days", "travel_allowance"]
Form = Literal["digital", "paper", "foreign"]
Meeting = Literal[1, 2, 3]
Role = Literal["employee", "line_manager", "adviser"]
AnswerParty = Literal["employee", "employer"]
MeetingParty = Literal["employee", "employer", "practitioner"]
RequestParty = Literal["employee", "employer", "practitioner", "unknown"]
Outcome = Literal[
    "met", "exempted", "waiting", "warned", "stop_recommended", "not_met", "not_relevant"
]
Language = Literal["nb", "nn", "en"]
WithdrawalReason = Literal[
    "moved", "done", "exempted", "not_applicable", "ended", "died", "case_withdrawn"
]


class Data(BaseModel):
    """What all parts of messages share."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Message(Data):
    """A message kind. `kind` and `version` make its type; `key` is its Kafka key."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    topic: ClassVar[str]

    @property
    def key(self) -> str:
        """The Kafka key that this message is published with; NotImplementedError where the publisher chooses."""
        raise NotImplementedError


# --- sick notes -------------------------------------------------------------------------------------------


class Employer(Data):
    """An employer as the sick note names it."""

    org_number: Id
    name: Name | None = None


class Period(Data):
    """One period of a note, both ends included. `grade` is 1-99 and belongs to `graded` alone."""

    from_: Day = Field(alias="from")
    to: Day
    kind: PeriodKind
    grade: int | None = None

    @model_validator(mode="after")
    def _is_a_period(self) -> Self:
        if self.to < self.from_:
            raise PydanticCustomError("period_order", "the period ends before it begins")
        if (self.to - self.from_).days >= PERIOD_DAYS_MAX:
            raise PydanticCustomError(
                "period_length", "the period is over 400 days long, which no note is"
            )
        if self.kind == "graded" and (self.grade is None or not 1 <= self.grade < FULL_GRADE):
            raise PydanticCustomError("period_grade", "a graded period needs a grade from 1 to 99")
        return self


def _is_not_empty(periods: tuple[Period, ...]) -> tuple[Period, ...]:
    # Not `min_length`, which would also complain about a list whose only period is bad.
    if not periods:
        raise PydanticCustomError("period_missing", "the note has no period")
    return periods


class SickNoteRegistered(Message):
    """A sick note as it stands; the same note id replaces an earlier one. `issued_on` is an Oslo date."""

    kind: ClassVar[str] = "sick_note.registered"
    topic: ClassVar[str] = "stoppunkt.sick-notes.v1"

    note_id: Id
    person_id: Id
    employer: Employer | None = None
    form: Form
    issued_on: Day
    periods: Annotated[tuple[Period, ...], AfterValidator(_is_not_empty)] = Field(
        max_length=100, json_schema_extra={"minItems": 1}
    )
    self_certified_days: tuple[Day, ...] = Field(default=(), max_length=400)

    @property
    def key(self) -> str:
        return self.note_id


class SickNoteWithdrawn(Message):
    """A note that is gone from its topic. On the wire it is a null value under the note's key."""

    kind: ClassVar[str] = "sick_note.withdrawn"
    topic: ClassVar[str] = "stoppunkt.sick-notes.v1"

    note_id: Id

    @property
    def key(self) -> str:
        return self.note_id


# --- follow-up facts --------------------------------------------------------------------------------------


class FollowUpFact(Message):
    """A fact about one person. Its key is the publisher's choice (contract 10), so it has none of its own here."""

    topic: ClassVar[str] = "stoppunkt.follow-up.v1"

    person_id: Id
    occurred_at: Instant


class FollowUpPlanMade(FollowUpFact):
    """Employer and employee have made the follow-up plan (aml § 4-6 (3))."""

    kind: ClassVar[str] = "follow_up_plan.made"
    org_number: Id
    made_on: Day


class FollowUpPlanShared(FollowUpFact):
    """The plan was shared with the practitioner or with the office."""

    kind: ClassVar[str] = "follow_up_plan.shared"
    org_number: Id
    made_on: Day | None = None
    shared_with: Literal["practitioner", "office"]
    shared_on: Day


class FollowUpPlanRequested(FollowUpFact):
    """An adviser asks the employer for the plan (ftrl § 25-2 (4))."""

    kind: ClassVar[str] = "follow_up_plan.requested"
    org_number: Id
    adviser_id: Id
    reply_by: Day | None = None


class DialogueMeetingFact(FollowUpFact):
    """What happened to dialogue meeting 1, 2 or 3. `takes_place_on` is the meeting's date where it has one."""

    meeting: Meeting
    meeting_id: Id
    org_number: Id | None = None
    takes_place_on: Day | None = None


class DialogueMeetingSummoned(DialogueMeetingFact):
    kind: ClassVar[str] = "dialogue_meeting.summoned"


class DialogueMeetingMoved(DialogueMeetingFact):
    kind: ClassVar[str] = "dialogue_meeting.moved"


class DialogueMeetingHeld(DialogueMeetingFact):
    kind: ClassVar[str] = "dialogue_meeting.held"


class DialogueMeetingCancelled(DialogueMeetingFact):
    kind: ClassVar[str] = "dialogue_meeting.cancelled"


class DialogueMeetingAnswered(DialogueMeetingFact):
    """A party's answer to a summons."""

    kind: ClassVar[str] = "dialogue_meeting.answered"
    party: MeetingParty
    answer: Literal["coming", "other_time", "not_coming"]


class ExemptionFact(FollowUpFact):
    """A reason that a checkpoint does not apply; `until` is the last day that it stands."""

    checkpoint: Id
    reason: Id
    granted_by: Literal["employer", "adviser"]
    org_number: Id | None = None
    until: Day | None = None


class ExemptionGranted(ExemptionFact):
    kind: ClassVar[str] = "exemption.granted"


class ExemptionRevoked(ExemptionFact):
    kind: ClassVar[str] = "exemption.revoked"


class ActivityRequirementAssessed(FollowUpFact):
    """An adviser's assessment of the activity requirement (ftrl § 8-8 (2)); `reply_by` of a warning or wait."""

    kind: ClassVar[str] = "activity_requirement.assessed"
    outcome: Outcome
    final: bool
    reply_by: Day | None = None
    adviser_id: Id | None = None


class MeetingNeedAnswered(FollowUpFact):
    """A party's answer to the question in week 16; `justified` tells whether it gives reasons."""

    kind: ClassVar[str] = "meeting_need.answered"
    party: AnswerParty
    org_number: Id | None = None
    wants_meeting: bool
    justified: bool


class MeetingRequested(FollowUpFact):
    """Somebody asks for a dialogue meeting."""

    kind: ClassVar[str] = "meeting.requested"
    meeting: Meeting
    party: RequestParty
    org_number: Id | None = None


class MeetingRequestClosed(FollowUpFact):
    """An adviser has closed the request for a meeting."""

    kind: ClassVar[str] = "meeting.request_closed"
    meeting: Meeting
    adviser_id: Id


class ReassessmentFact(FollowUpFact):
    """An adviser's own date to look again."""

    reassessment_id: Id
    on: Day | None = None
    adviser_id: Id


class ReassessmentRequested(ReassessmentFact):
    kind: ClassVar[str] = "reassessment.requested"


class ReassessmentClosed(ReassessmentFact):
    kind: ClassVar[str] = "reassessment.closed"


class WorkResumed(FollowUpFact):
    """Back at work from that date on, with one employer or with all."""

    kind: ClassVar[str] = "work.resumed"
    org_number: Id | None = None
    from_: Day = Field(alias="from")


class PersonDied(FollowUpFact):
    kind: ClassVar[str] = "person.died"
    on: Day | None = None


class DeathAnnulled(FollowUpFact):
    kind: ClassVar[str] = "person.death_annulled"
    on: Day | None = None


class PersonRenumbered(Message):
    """The person's number changed; every fact of the old one, also a later one, belongs to the new."""

    kind: ClassVar[str] = "person.renumbered"
    topic: ClassVar[str] = "stoppunkt.follow-up.v1"

    old_person_id: Id
    new_person_id: Id
    occurred_at: Instant

    @model_validator(mode="after")
    def _changes(self) -> Self:
        if self.old_person_id == self.new_person_id:
            raise PydanticCustomError("same_person", "the old and the new number are the same")
        return self


class FactWithdrawn(FollowUpFact):
    """The fact with that `ce_id`, of the same `ce_source`, never was; it may come before its fact."""

    kind: ClassVar[str] = "fact.withdrawn"
    fact_id: Id


# --- contacts ---------------------------------------------------------------------------------------------


class PersonContactChanged(Message):
    """How a person may be reached; `may_be_notified` false means reserved against digital messages."""

    kind: ClassVar[str] = "person_contact.changed"
    topic: ClassVar[str] = "stoppunkt.contacts.v1"

    person_id: Id
    may_be_notified: bool
    phone: Name | None = None
    email: Name | None = None
    language: Language = "nb"
    protected: bool = False
    office: Id | None = None
    birth_date: Day | None = None


class LineManagerChanged(Message):
    """The line manager of a person with one employer; `active` false means there is none."""

    kind: ClassVar[str] = "line_manager.changed"
    topic: ClassVar[str] = "stoppunkt.contacts.v1"

    person_id: Id
    org_number: Id
    name: Name | None = None
    email: Name | None = None
    active: bool


class OrganisationContactChanged(Message):
    kind: ClassVar[str] = "organisation_contact.changed"
    topic: ClassVar[str] = "stoppunkt.contacts.v1"

    org_number: Id
    email: Name | None = None

    @property
    def key(self) -> str:
        return f"org/{self.org_number}"


class AdviserChanged(Message):
    """An adviser's portfolio: days of the month of birth, or whole employers."""

    kind: ClassVar[str] = "adviser.changed"
    topic: ClassVar[str] = "stoppunkt.contacts.v1"

    adviser_id: Id
    office: Id
    birth_days: tuple[Annotated[int, Field(ge=1, le=31)], ...] | None = None
    org_numbers: tuple[Id, ...] | None = None
    absent: bool = False

    @property
    def key(self) -> str:
        return f"adviser/{self.adviser_id}"


# --- due events -------------------------------------------------------------------------------------------


class Recipient(Data):
    """Who a due event is for; `org_number` with line managers, `adviser_id` where a certain one is meant."""

    role: Role
    org_number: Id | None = None
    adviser_id: Id | None = None


class RulebookStamp(Data):
    """The rulebook that a due event was made by; `office` where that office's overrides applied."""

    name: str
    version: str
    office: str | None


class CaseSnapshot(Data):
    """The case on the due date: `day` counts from 1, `week` is the week that it lies in."""

    start: date
    end: date
    sick_days: int
    day: int
    week: int
    grade: int
    form: Form
    employers: tuple[Employer, ...]


class GradePeriod(Data):
    from_: date = Field(alias="from")
    to: date
    grade: int


class GradeBasis(Data):
    now: int | None
    history: tuple[GradePeriod, ...]


class EarlierCase(Data):
    start: date
    end: date
    sick_days: int


class PlanBasis(Data):
    org_number: str
    made_on: date | None
    shared_on: date | None


class AnswerBasis(Data):
    party: AnswerParty
    org_number: str | None
    wants_meeting: bool
    justified: bool
    answered_on: date


class RequestBasis(Data):
    party: RequestParty
    meeting: Meeting
    requested_on: date


class MeetingBasis(Data):
    meeting: Meeting
    meeting_id: str
    state: Literal["summoned", "moved", "held", "cancelled"]
    takes_place_on: date | None
    org_number: str | None


class ExemptionBasis(Data):
    checkpoint: str
    reason: str
    granted_on: date
    until: date | None
    granted_by: Literal["employer", "adviser"]


class ActivityRequirementBasis(Data):
    outcome: Outcome
    final: bool
    assessed_on: date


class Basis(Data):
    """What is known and what is missing, for an adviser: facts, never advice (contract 4.4)."""

    as_of: date
    revision: int
    weeks_completed: int
    grade: GradeBasis
    earlier_cases: tuple[EarlierCase, ...]
    employers: tuple[Employer, ...]
    follow_up_plans: tuple[PlanBasis, ...]
    answers: tuple[AnswerBasis, ...]
    requests: tuple[RequestBasis, ...]
    meetings: tuple[MeetingBasis, ...]
    exemptions: tuple[ExemptionBasis, ...]
    activity_requirement: ActivityRequirementBasis | None
    missing: tuple[str, ...]


class DeadlineMessage(Message):
    topic: ClassVar[str] = "stoppunkt.deadlines.v1"

    event_id: Id
    case_id: Id
    person_id: Id

    @property
    def key(self) -> str:
        return self.case_id


class DeadlineDue(DeadlineMessage):
    """A step has fired (contract 5). `late_seconds` counts from `due_at`."""

    kind: ClassVar[str] = "deadline.due"

    checkpoint: Id
    step: Id
    subject: Id | None
    generation: int
    due_on: date
    due_at: Instant
    fired_at: Instant
    late_seconds: int
    show_on: date | None
    not_after: Instant | None = None
    rulebook: RulebookStamp
    case: CaseSnapshot
    recipients: tuple[Recipient, ...] = Field(min_length=1)
    basis: Basis | None


class DeadlineUpdated(DeadlineMessage):
    """The basis of a due event that stands has changed."""

    kind: ClassVar[str] = "deadline.updated"

    revision: int
    basis: Basis
    updated_at: Instant


class DeadlineWithdrawn(DeadlineMessage):
    """A due event no longer holds, for all (`recipients` null) or for some."""

    kind: ClassVar[str] = "deadline.withdrawn"

    withdrawal_id: Id
    checkpoint: Id
    step: Id
    subject: Id | None
    generation: int
    reason: WithdrawalReason
    detail: str | None
    recipients: tuple[Recipient, ...] | None
    withdrawn_at: Instant


# --- what leaves for people -------------------------------------------------------------------------------


class DeliveryMessage(Message):
    delivery_id: Id

    @property
    def key(self) -> str:
        return self.delivery_id


class SmsRequested(DeliveryMessage):
    kind: ClassVar[str] = "sms.requested"
    topic: ClassVar[str] = "stoppunkt.sms.v1"
    to: Name
    text: Text
    not_after: Instant


class SmsCancelled(DeliveryMessage):
    kind: ClassVar[str] = "sms.cancelled"
    topic: ClassVar[str] = "stoppunkt.sms.v1"
    reason: Name


class EmailRequested(DeliveryMessage):
    kind: ClassVar[str] = "email.requested"
    topic: ClassVar[str] = "stoppunkt.email.v1"
    to: Name
    subject: Name
    text: Text
    not_after: Instant


class EmailCancelled(DeliveryMessage):
    kind: ClassVar[str] = "email.cancelled"
    topic: ClassVar[str] = "stoppunkt.email.v1"
    reason: Name


class LetterRequested(DeliveryMessage):
    kind: ClassVar[str] = "letter.requested"
    topic: ClassVar[str] = "stoppunkt.letters.v1"
    person_id: Id
    template: Id
    language: Language


class LetterCancelled(DeliveryMessage):
    kind: ClassVar[str] = "letter.cancelled"
    topic: ClassVar[str] = "stoppunkt.letters.v1"
    reason: Name


class AdviserTaskMessage(Message):
    topic: ClassVar[str] = "stoppunkt.adviser-tasks.v1"

    task_id: Id

    @property
    def key(self) -> str:
        return self.task_id


class AdviserTaskOpened(AdviserTaskMessage):
    """A task for an adviser, or for the office's queue where none is named; `due_on` is the task's own date."""

    kind: ClassVar[str] = "adviser_task.opened"

    person_id: Id
    case_id: Id
    checkpoint: Id
    step: Id
    office: Id | None
    adviser_id: Id | None
    due_on: date
    priority: Literal["high", "normal", "low"]
    basis: Basis | None


class AdviserTaskUpdated(AdviserTaskMessage):
    kind: ClassVar[str] = "adviser_task.updated"
    revision: int
    basis: Basis


class AdviserTaskClosed(AdviserTaskMessage):
    kind: ClassVar[str] = "adviser_task.closed"
    reason: Name


class DeliveryReceipt(DeliveryMessage):
    """What a channel reports back about a delivery."""

    kind: ClassVar[str] = "delivery.receipt"
    topic: ClassVar[str] = "stoppunkt.receipts.v1"
    outcome: Literal["delivered", "failed", "read"]
    permanent: bool | None = None
    reason: Name | None = None
    at: Instant


def _kinds(base: type[Message]) -> dict[str, type[Message]]:
    found: dict[str, type[Message]] = {}
    for model in base.__subclasses__():
        if "kind" in vars(model) and model is not SickNoteWithdrawn:
            found[f"{model.kind}.v{model.version}"] = model
        found |= _kinds(model)
    return found


KINDS: dict[str, type[Message]] = dict(sorted(_kinds(Message).items()))
"""Every message kind that has a value on the wire, by `<kind>.v<version>`."""

_FAULTS = {
    "missing": "is missing",
    "json_invalid": "is not valid JSON",
    "date_from_datetime_parsing": "is not a date (YYYY-MM-DD)",
    "date_parsing": "is not a date (YYYY-MM-DD)",
    "date_type": "is not a date (YYYY-MM-DD)",
    "datetime_parsing": "is not an instant (ISO 8601 with a zone)",
    "datetime_from_date_parsing": "is not an instant (ISO 8601 with a zone)",
    "datetime_type": "is not an instant (ISO 8601 with a zone)",
    "timezone_aware": "has no time zone",
    "string_type": "is not text",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "is empty or has characters that are not allowed",
    "literal_error": "is not one of the values that are known",
    "int_type": "is not a whole number",
    "bool_type": "is not true or false",
    "greater_than_equal": "is out of range",
    "less_than_equal": "is out of range",
    "too_short": "has too few elements",
    "too_long": "has too many elements",
    "tuple_type": "is not a list",
    "model_type": "is not an object",
}


def fault_sentence(error: ValidationError) -> str:
    """One sentence for a publisher: field and fault of the first error, and how many more; never a value."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    first = faults[0]
    field = ".".join(str(part) for part in first["loc"])
    own = first["type"].startswith(("period_", "same_"))
    fault = first["msg"] if own else _FAULTS.get(first["type"], "is not what it should be")
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    return (
        f"{field or 'the value'}: {fault}{more}."
        if own
        else f"{field or 'the value'} {fault}{more}."
    )
