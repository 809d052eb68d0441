"""The messages of Stoppunkt: every kind, its topic, its key and its fields (contract 2, 5 and 10).

Frozen pydantic models. Unknown fields are ignored, and a change that only adds keeps the version. Dates are
those of Norway's calendar, instants are aware. `person_id` and all other ids are opaque; in Norway a
`person_id` has 11 digits. JSON is validated strictly: a number where a date should be is a fault, and no date.

The docstrings of the models are published as the descriptions in schemas/json: they are written for those
who publish and read the records, and who do not have this code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from schemas import codes, dates
from schemas.codes import BlankFreeCode, Code, LongCode
from schemas.dates import Day, Instant, OwnDay, OwnInstant
from schemas.lists import NullIsEmpty

# Longer than any note: a year with a typing error would otherwise keep timers for decades (contract 8).
PERIOD_DAYS_MAX = 400
# Twice the longest period: every day of every note is looked at whenever anything about its person changes (policy).
NOTE_DAYS_MAX = 800
FULL_GRADE = 100

# No control characters: PostgreSQL stores no NUL, and the others have no place in a name or an address.
Name = Annotated[
    str,
    StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$"),
    WithJsonSchema(
        {"type": "string", "maxLength": 500, "pattern": rf"^[^\x00-\x1f\x7f]*{dates.END}"}
    ),
]
Text = Annotated[str, StringConstraints(max_length=100_000, pattern=r"^[^\x00]*$")]


def _whole(value: object) -> object:
    # JSON has one kind of number: 60.0 is 60. To Python, and only to Python, true is 1.
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a whole number")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _graded_needs_a_grade(schema: dict[str, Any]) -> None:
    schema["if"] = {"properties": {"kind": {"const": "graded"}}, "required": ["kind"]}
    schema["then"] = {
        "properties": {"grade": {"type": "integer", "minimum": 1, "maximum": FULL_GRADE - 1}},
        "required": ["grade"],
    }


Whole = Annotated[int, BeforeValidator(_whole)]

PeriodKind = Literal["full", "graded", "waiting", "treatment_days", "travel_allowance"]
Form = Literal["digital", "paper", "foreign"]
Meeting = Annotated[Literal[1, 2, 3], BeforeValidator(_whole)]
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
    """What the messages and the objects inside them share: frozen, and no value in an error's text."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Message(Data):
    """A kind of message. Its CloudEvents type is made of `kind` and `version`; `key` is its Kafka key."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    topic: ClassVar[str]

    @property
    def key(self) -> str:
        """The Kafka key of this message. Raises NotImplementedError where the publisher chooses the key."""
        raise NotImplementedError


# --- sick notes -------------------------------------------------------------------------------------------


class Employer(Data):
    """An employer as the sick note names it; `org_number` is its organisation number."""

    org_number: BlankFreeCode
    name: Name | None = None


class Period(Data):
    """One period of a note, both dates included; `grade` is a percentage from 1 to 99, of `graded` periods only.

    A period that ends before it begins, or that is over 400 days long, is refused.
    """

    model_config = ConfigDict(json_schema_extra=_graded_needs_a_grade)

    from_: Day = Field(alias="from")
    to: Day
    kind: PeriodKind
    grade: Whole | None = None

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


def _make_a_note(periods: tuple[Period, ...]) -> tuple[Period, ...]:
    # Not `min_length`: pydantic would also report an empty list where the only period has a fault.
    if not periods:
        raise PydanticCustomError("period_missing", "the note has no period")
    check_days(periods)
    return periods


def check_days(periods: Iterable[Period]) -> None:
    """Raises PydanticCustomError where a note's periods cover more days together than any note does."""
    if sum((period.to - period.from_).days + 1 for period in periods) > NOTE_DAYS_MAX:
        raise PydanticCustomError(
            "period_sum", "the periods have over 800 days together, which no note has"
        )


class SickNoteRegistered(Message):
    """A sick note in its present version; it replaces an earlier one with the same `note_id`.

    The record's key is the `note_id`. `issued_on`, a date in Norway, decides which of two notes about the same day is
    the newer one. A note whose periods have over 800 days together is refused.
    """

    kind: ClassVar[str] = "sick_note.registered"
    topic: ClassVar[str] = "stoppunkt.sick-notes.v1"

    note_id: Code
    person_id: BlankFreeCode
    employer: Employer | None = None
    form: Form
    issued_on: Day
    periods: Annotated[
        tuple[Period, ...],
        Field(max_length=100, json_schema_extra={"minItems": 1, "type": "array"}),
        NullIsEmpty(),
        AfterValidator(_make_a_note),
    ]
    self_certified_days: Annotated[tuple[Day, ...], Field(max_length=400), NullIsEmpty()] = ()

    @property
    def key(self) -> str:
        return self.note_id


class SickNoteWithdrawn(Message):
    """A note that its topic no longer holds. On the wire it is a null value under the note's key."""

    kind: ClassVar[str] = "sick_note.withdrawn"
    topic: ClassVar[str] = "stoppunkt.sick-notes.v1"

    note_id: Code

    @property
    def key(self) -> str:
        return self.note_id


# --- follow-up facts --------------------------------------------------------------------------------------


class FollowUpFact(Message):
    """A fact about one person. `occurred_at` is the instant at which it happened.

    The publisher chooses the record's key (contract 10), so there is none here.
    """

    topic: ClassVar[str] = "stoppunkt.follow-up.v1"

    person_id: BlankFreeCode
    occurred_at: Instant


class FollowUpPlanMade(FollowUpFact):
    """Employer and employee have made the follow-up plan (aml § 4-6 (3)), on the date `made_on`."""

    kind: ClassVar[str] = "follow_up_plan.made"
    org_number: BlankFreeCode
    made_on: Day


class FollowUpPlanShared(FollowUpFact):
    """The follow-up plan was shared with the practitioner or with the welfare office, on the date `shared_on`."""

    kind: ClassVar[str] = "follow_up_plan.shared"
    org_number: BlankFreeCode
    made_on: Day | None = None
    shared_with: Literal["practitioner", "office"]
    shared_on: Day


class FollowUpPlanRequested(FollowUpFact):
    """An adviser asks the employer for the plan (ftrl § 25-2 (4)). Without `reply_by`, a date, 14 days are given."""

    kind: ClassVar[str] = "follow_up_plan.requested"
    org_number: BlankFreeCode
    adviser_id: Code
    reply_by: Day | None = None


class DialogueMeetingFact(FollowUpFact):
    """What happened to dialogue meeting 1, 2 or 3; `meeting_id` stays the same from the summons to the end.

    `takes_place_on` is the meeting's date in Norway, where it has one.
    """

    meeting: Meeting
    meeting_id: Code
    org_number: BlankFreeCode | None = None
    takes_place_on: Day | None = None


class DialogueMeetingSummoned(DialogueMeetingFact):
    """The parties were summoned to a dialogue meeting; `takes_place_on` is its date in Norway."""

    kind: ClassVar[str] = "dialogue_meeting.summoned"


class DialogueMeetingMoved(DialogueMeetingFact):
    """A dialogue meeting was moved; `takes_place_on` is its new date in Norway, null where it has none."""

    kind: ClassVar[str] = "dialogue_meeting.moved"


class DialogueMeetingHeld(DialogueMeetingFact):
    """A dialogue meeting was held. A meeting 1 that names an employer counts for that employer alone."""

    kind: ClassVar[str] = "dialogue_meeting.held"


class DialogueMeetingCancelled(DialogueMeetingFact):
    """A dialogue meeting was cancelled."""

    kind: ClassVar[str] = "dialogue_meeting.cancelled"


class DialogueMeetingMinutesSent(DialogueMeetingFact):
    """The minutes of a dialogue meeting were sent to the parties: who does what by when."""

    kind: ClassVar[str] = "dialogue_meeting.minutes_sent"


class DialogueMeetingAnswered(DialogueMeetingFact):
    """One party's answer to a summons."""

    kind: ClassVar[str] = "dialogue_meeting.answered"
    party: MeetingParty
    answer: Literal["coming", "other_time", "not_coming"]


class ExemptionFact(FollowUpFact):
    """An exemption from a checkpoint; `until` is the last date on which it stands, null where it has no end."""

    checkpoint: Code
    reason: Code
    granted_by: Literal["employer", "adviser"]
    org_number: BlankFreeCode | None = None
    until: Day | None = None


class ExemptionGranted(ExemptionFact):
    """A checkpoint does not apply, for that reason; `until` is the last date on which the exemption stands."""

    kind: ClassVar[str] = "exemption.granted"


class ExemptionRevoked(ExemptionFact):
    """An exemption no longer stands: the one with the same checkpoint, reason and employer."""

    kind: ClassVar[str] = "exemption.revoked"


class ActivityRequirementAssessed(FollowUpFact):
    """An adviser's assessment of the activity requirement (ftrl § 8-8 (2)).

    Only a `final` one ends the checkpoint. `reply_by` is the date by which the person must answer one that is not.
    """

    kind: ClassVar[str] = "activity_requirement.assessed"
    outcome: Outcome
    final: bool
    reply_by: Day | None = None
    adviser_id: Code | None = None


class MeetingNeedAnswered(FollowUpFact):
    """A party's answer in week 16 whether dialogue meeting 2 is needed; `justified`: with reasons."""

    kind: ClassVar[str] = "meeting_need.answered"
    party: AnswerParty
    org_number: BlankFreeCode | None = None
    wants_meeting: bool
    justified: bool


class MeetingRequested(FollowUpFact):
    """Somebody asks for a dialogue meeting."""

    kind: ClassVar[str] = "meeting.requested"
    meeting: Meeting
    party: RequestParty
    org_number: BlankFreeCode | None = None


class MeetingRequestClosed(FollowUpFact):
    """An adviser has dealt with the request for a meeting. A newer request opens it again."""

    kind: ClassVar[str] = "meeting.request_closed"
    meeting: Meeting
    adviser_id: Code


class ReassessmentFact(FollowUpFact):
    """An adviser's own date, `on`, to look at the case again."""

    reassessment_id: Code
    on: Day | None = None
    adviser_id: Code


class ReassessmentRequested(ReassessmentFact):
    """An adviser wants to look at the case again on the date `on`; a newer record with the same id moves it."""

    kind: ClassVar[str] = "reassessment.requested"


class ReassessmentClosed(ReassessmentFact):
    """The adviser no longer needs to look at the case again."""

    kind: ClassVar[str] = "reassessment.closed"


class WorkResumed(FollowUpFact):
    """The person is back at work from that date on, with the employer that is named or, where none is, with all."""

    kind: ClassVar[str] = "work.resumed"
    org_number: BlankFreeCode | None = None
    from_: Day = Field(alias="from")


class PersonDied(FollowUpFact):
    """The person has died, on the date `on` where it is known."""

    kind: ClassVar[str] = "person.died"
    on: Day | None = None


class DeathAnnulled(FollowUpFact):
    """The report of a death was a mistake: the person is alive."""

    kind: ClassVar[str] = "person.death_annulled"
    on: Day | None = None


class PersonRenumbered(Message):
    """The person's number has changed. Every fact under the old one, also a later one, belongs to the new one.

    The two ids must differ.
    """

    kind: ClassVar[str] = "person.renumbered"
    topic: ClassVar[str] = "stoppunkt.follow-up.v1"

    old_person_id: BlankFreeCode
    new_person_id: BlankFreeCode
    occurred_at: Instant

    @model_validator(mode="after")
    def _changes(self) -> Self:
        if self.old_person_id == self.new_person_id:
            raise PydanticCustomError("same_person", "the old and the new number are the same")
        return self


class FactWithdrawn(FollowUpFact):
    """The fact with that `ce_id` was a mistake and no longer counts. The withdrawal may come before its fact."""

    kind: ClassVar[str] = "fact.withdrawn"
    fact_id: Code


# --- contacts ---------------------------------------------------------------------------------------------


class PersonContactChanged(Message):
    """How a person may be reached, in full: it replaces what was known before.

    `may_be_notified` false: the person has declined digital messages and gets letters. `protected`: nothing is
    sent to the employer's side.
    """

    kind: ClassVar[str] = "person_contact.changed"
    topic: ClassVar[str] = "stoppunkt.contacts.v1"

    person_id: BlankFreeCode
    may_be_notified: bool
    phone: Name | None = None
    email: Name | None = None
    language: Language = "nb"
    protected: bool = False
    office: Code | None = None
    birth_date: Day | None = None


class LineManagerChanged(Message):
    """The line manager of a person with one employer. `active` false: the person has none there.

    `language` is the manager's own; where nobody says, the manager is written to in bokmål. `ended_on` is the last day
    of the employment, where it ends: from the day after the employer owes nothing more.
    """

    kind: ClassVar[str] = "line_manager.changed"
    topic: ClassVar[str] = "stoppunkt.contacts.v1"

    person_id: BlankFreeCode
    org_number: BlankFreeCode
    name: Name | None = None
    email: Name | None = None
    language: Language | None = None
    active: bool
    ended_on: Day | None = None


class OrganisationContactChanged(Message):
    """An employer's e-mail address, for messages that no line manager can be sent.

    `language` is that of whoever reads it; where nobody says, bokmål.
    """

    kind: ClassVar[str] = "organisation_contact.changed"
    topic: ClassVar[str] = "stoppunkt.contacts.v1"

    org_number: BlankFreeCode
    email: Name | None = None
    language: Language | None = None

    @property
    def key(self) -> str:
        return f"org/{self.org_number}"


class AdviserChanged(Message):
    """The people that an adviser follows up: whole employers, or days of the month of birth within the office.

    Several advisers may have the same: of them one with an open task about the person gets the next task, else the one
    with the fewest open tasks. `absent`: tasks go to the others who have the same, else to the office's queue.
    """

    kind: ClassVar[str] = "adviser.changed"
    topic: ClassVar[str] = "stoppunkt.contacts.v1"

    adviser_id: Code
    office: Code
    birth_days: (
        Annotated[
            tuple[Annotated[int, Field(ge=1, le=31), BeforeValidator(_whole)], ...],
            Field(max_length=100),
        ]
        | None
    ) = None
    org_numbers: Annotated[tuple[BlankFreeCode, ...], Field(max_length=2_000)] | None = None
    absent: bool = False

    @property
    def key(self) -> str:
        return f"adviser/{self.adviser_id}"


# --- due events -------------------------------------------------------------------------------------------


class Recipient(Data):
    """Who a due event is for; `org_number` with line managers, `adviser_id` where one adviser is meant."""

    role: Role
    org_number: BlankFreeCode | None = None
    adviser_id: Code | None = None


class RulebookStamp(Data):
    """The rulebook that decided the due event; `office` is set where that office's overrides were applied."""

    name: str
    version: str
    office: str | None


class CaseSnapshot(Data):
    """The case as it is on the due date: dates, both included, and counts of days.

    `day` and `week` say where in the case the due date lies, both counted from 1. `grade` is a percentage.
    """

    start: OwnDay
    end: OwnDay
    sick_days: Whole
    day: Whole
    week: Whole
    grade: Whole
    form: Form
    employers: tuple[Employer, ...]


class GradePeriod(Data):
    """A run of days with one grade: two dates, both included, and a percentage."""

    from_: OwnDay = Field(alias="from")
    to: OwnDay
    grade: Whole


class GradeBasis(Data):
    """The grade on `as_of`, a percentage, null on a day that is no sick day; and the earlier grades."""

    now: Whole | None
    history: tuple[GradePeriod, ...]


class EarlierCase(Data):
    """An earlier case of the person: its first and last sick day, and how many sick days it had."""

    start: OwnDay
    end: OwnDay
    sick_days: Whole


class PlanBasis(Data):
    """What is known of the follow-up plan with one employer: the newest dates, or null.

    `shared_on` is the later of the two dates on which it was shared. It does not say with whom: it is kept for those
    who read it before the two came.
    """

    org_number: BlankFreeCode
    made_on: OwnDay | None
    shared_with_practitioner_on: OwnDay | None = None
    shared_with_office_on: OwnDay | None = None
    shared_on: OwnDay | None


class AnswerBasis(Data):
    """An answer to the question whether dialogue meeting 2 is needed."""

    party: AnswerParty
    org_number: BlankFreeCode | None
    wants_meeting: bool
    justified: bool
    answered_on: OwnDay


class RequestBasis(Data):
    """A request for a dialogue meeting."""

    party: RequestParty
    meeting: Meeting
    requested_on: OwnDay


class MeetingBasis(Data):
    """A dialogue meeting in this or an earlier case, and how it stands.

    `refusals` counts the answers by which a party would not come, or asked for another time.
    """

    meeting: Meeting
    meeting_id: Code
    state: Literal["summoned", "moved", "held", "cancelled"]
    takes_place_on: OwnDay | None
    org_number: BlankFreeCode | None
    refusals: Whole = 0


class ExemptionBasis(Data):
    """An exemption that was granted and not revoked; `until` is its last date, null where none was given.

    `org_number` is there where it is from what one employer has to do, and no other.
    """

    checkpoint: Code
    reason: Code
    granted_on: OwnDay
    until: OwnDay | None
    granted_by: Literal["employer", "adviser"]
    org_number: BlankFreeCode | None = Field(default=None, exclude_if=lambda org: org is None)


class ActivityRequirementBasis(Data):
    """The assessment of the activity requirement that stands."""

    outcome: Outcome
    final: bool
    assessed_on: OwnDay


class Basis(Data):
    """What is known about the case and what is missing, for an adviser: facts and never advice.

    As of the date `as_of` in Norway. `revision` counts from 1; of two for the same event the higher stands. Each list
    holds its newest 50 entries: `omitted` counts what was left out, by the name of the list (`grade.history`,
    `meetings`, …), and is left out where nothing was.

    `notes_until` is the last day that the sick notes cover. `summon_by` and `meet_by` are the last dates by law, or by
    the office's own rules, for the summons to dialogue meeting 2 and for the meeting itself; null where the rules have
    none. `history_since` is the date since when this system has known sick notes at all, of anybody: what was before
    it, no earlier case shows.
    """

    as_of: OwnDay
    revision: Whole
    weeks_completed: Whole
    notes_until: OwnDay | None = None
    summon_by: OwnDay | None = None
    meet_by: OwnDay | None = None
    history_since: OwnDay | None = None
    grade: GradeBasis
    earlier_cases: tuple[EarlierCase, ...]
    employers: tuple[Employer, ...]
    follow_up_plans: tuple[PlanBasis, ...]
    answers: tuple[AnswerBasis, ...]
    requests: tuple[RequestBasis, ...]
    meetings: tuple[MeetingBasis, ...]
    exemptions: tuple[ExemptionBasis, ...]
    activity_requirement: ActivityRequirementBasis | None
    missing: tuple[LongCode, ...]
    omitted: dict[LongCode, Whole] = Field(
        default_factory=dict, exclude_if=lambda omitted: not omitted
    )


class DeadlineMessage(Message):
    """A message about one due event; all about the same case have its id as their key."""

    topic: ClassVar[str] = "stoppunkt.deadlines.v1"

    event_id: Code
    case_id: Code
    person_id: BlankFreeCode

    @property
    def key(self) -> str:
        return self.case_id


class DeadlineDue(DeadlineMessage):
    """A step has fired: something is due for the recipients.

    `due_on` is the step's legal date in Norway, `due_at` the instant at which the step was to fire, and `late_seconds`
    how much later `fired_at` is. `legal_on` is the last day by law, or by an office's demand, for what the step is
    about: of a reminder that of its deadline. It is null where there is none, and in older events. `show_on` is the
    date from which an adviser should see it. After `not_after` a message about it makes no sense any more.
    """

    kind: ClassVar[str] = "deadline.due"

    checkpoint: LongCode
    step: LongCode
    subject: Code | None
    generation: Whole
    due_on: OwnDay
    due_at: OwnInstant
    legal_on: OwnDay | None = None
    fired_at: OwnInstant
    late_seconds: Whole
    show_on: OwnDay | None
    not_after: OwnInstant | None = None
    rulebook: RulebookStamp
    case: CaseSnapshot
    recipients: tuple[Recipient, ...] = Field(min_length=1)
    basis: Basis | None


class DeadlineUpdated(DeadlineMessage):
    """The basis of a due event that stands has changed. The highest `revision` of an event stands."""

    kind: ClassVar[str] = "deadline.updated"

    revision: Whole
    basis: Basis
    updated_at: OwnInstant


class DeadlineWithdrawn(DeadlineMessage):
    """A due event no longer holds: for the recipients that are named, or for all where they are null."""

    kind: ClassVar[str] = "deadline.withdrawn"

    withdrawal_id: Code
    checkpoint: LongCode
    step: LongCode
    subject: Code | None
    generation: Whole
    reason: WithdrawalReason
    detail: LongCode | None
    recipients: tuple[Recipient, ...] | None
    withdrawn_at: OwnInstant


# --- what leaves for people -------------------------------------------------------------------------------


class DeliveryMessage(Message):
    """A message about one delivery: one message to one recipient through one channel."""

    delivery_id: Code

    @property
    def key(self) -> str:
        return self.delivery_id


class SmsRequested(DeliveryMessage):
    """An SMS to send, of at most 160 characters of GSM-7, to the phone number `to`. Not after `not_after`."""

    kind: ClassVar[str] = "sms.requested"
    topic: ClassVar[str] = "stoppunkt.sms.v1"
    to: Name
    text: Text
    not_after: OwnInstant


class SmsCancelled(DeliveryMessage):
    """An SMS that is not to be sent; final, also where it comes before its request."""

    kind: ClassVar[str] = "sms.cancelled"
    topic: ClassVar[str] = "stoppunkt.sms.v1"
    reason: Name


class EmailRequested(DeliveryMessage):
    """An e-mail of plain text to send. Not after `not_after`."""

    kind: ClassVar[str] = "email.requested"
    topic: ClassVar[str] = "stoppunkt.email.v1"
    to: Name
    subject: Name
    text: Text
    not_after: OwnInstant


class EmailCancelled(DeliveryMessage):
    """An e-mail that is not to be sent; final, also where it comes before its request."""

    kind: ClassVar[str] = "email.cancelled"
    topic: ClassVar[str] = "stoppunkt.email.v1"
    reason: Name


class LetterRequested(DeliveryMessage):
    """A whole letter to send to the person's postal address, to be printed as it is.

    `body` is all that stands under the title, in plain text: paragraphs with an empty line between them. One whose
    lines from the second on begin with `- ` is a heading and a list. `due_on` is the last day to do what the letter
    asks for, as its words name it; null where they name none. `template` says which words they are:
    `<checkpoint>.<step>`, or `generic`.
    """

    kind: ClassVar[str] = "letter.requested"
    topic: ClassVar[str] = "stoppunkt.letters.v1"
    person_id: BlankFreeCode
    template: LongCode
    language: Language
    title: Name
    body: Text
    due_on: OwnDay | None = None


class LetterCancelled(DeliveryMessage):
    """A letter that is not to be sent; final, also where it comes before its request."""

    kind: ClassVar[str] = "letter.cancelled"
    topic: ClassVar[str] = "stoppunkt.letters.v1"
    reason: Name


class AdviserTaskMessage(Message):
    """A message about one adviser task; `task_id` is the delivery's id."""

    topic: ClassVar[str] = "stoppunkt.adviser-tasks.v1"

    task_id: Code

    @property
    def key(self) -> str:
        return self.task_id


class TaskCase(Data):
    """The case on the day that the task opens: its first and last sick day, as the newest notes have it.

    `day` and `week` say where in the case that day lies, both counted from 1.
    """

    start: OwnDay
    end: OwnDay
    day: Whole
    week: Whole


class AdviserTaskOpened(AdviserTaskMessage):
    """A task for an adviser, or for the office's queue where none is named.

    `due_on` is the task's own date, a working day. It is never after `legal_on`, the last day by law or by the office's
    own demand for what the task is about, unless the task opens after that: then it is the day that the task opens.
    `legal_on` is null where there is no such day. `org_number` is the employer that the task is about, where it is
    about one alone. `case` is missing in older tasks alone.
    """

    kind: ClassVar[str] = "adviser_task.opened"

    person_id: BlankFreeCode
    case_id: Code
    checkpoint: LongCode
    step: LongCode
    office: Code | None
    adviser_id: Code | None
    org_number: BlankFreeCode | None = None
    due_on: OwnDay
    legal_on: OwnDay | None = None
    case: TaskCase | None = None
    priority: Literal["high", "normal", "low"]
    basis: Basis | None


class AdviserTaskUpdated(AdviserTaskMessage):
    """The basis of an open task has changed; the highest `revision` stands."""

    kind: ClassVar[str] = "adviser_task.updated"
    revision: Whole
    basis: Basis


class AdviserTaskClosed(AdviserTaskMessage):
    """A task that is no longer needed; final."""

    kind: ClassVar[str] = "adviser_task.closed"
    reason: Name


class DeliveryReceipt(DeliveryMessage):
    """What became of a delivery, as its channel reports it. `failed` is permanent where `permanent` is not false.

    A `reason` that is no code is not kept, for it may quote anything; the receipt counts all the same.
    """

    kind: ClassVar[str] = "delivery.receipt"
    topic: ClassVar[str] = "stoppunkt.receipts.v1"
    outcome: Literal["delivered", "failed", "read"]
    permanent: bool | None = None
    reason: Name | None = None
    at: Instant


def _kinds(base: type[Message]) -> dict[str, type[Message]]:
    kinds: dict[str, type[Message]] = {}
    for model in base.__subclasses__():
        if "kind" in vars(model) and model is not SickNoteWithdrawn:
            kinds[f"{model.kind}.v{model.version}"] = model
        kinds |= _kinds(model)
    return kinds


KINDS: dict[str, type[Message]] = dict(sorted(_kinds(Message).items()))
"""Every message kind that has a value on the wire, by `<kind>.v<version>`."""

_FAULTS = {
    "missing": "is missing",
    "json_invalid": "is not valid JSON in UTF-8 without a byte order mark",
    "date_type": "is not a date (YYYY-MM-DD)",
    "datetime_type": "is not an instant (YYYY-MM-DDThh:mm:ss and a zone)",
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
    """One sentence for a publisher: the first fault with its field, and how many more there are. It holds no value."""
    faults = error.errors(include_url=False, include_context=False)
    first = faults[0]
    field = ".".join(str(part) for part in first["loc"])
    own = first["type"].startswith(("period_", "same_"))
    worded = own or first["type"] in (dates.OWN_FAULT, codes.OWN_FAULT)
    fault = first["msg"] if worded else _fault(first)
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    return (
        f"{field or 'the value'}: {fault}{more}."
        if own
        else f"{field or 'the value'} {fault}{more}."
    )


def _fault(fault: ErrorDetails) -> str:
    """A fault in words, with what the publisher surely did where that can be seen."""
    words = _FAULTS.get(fault["type"], "is not what it should be")
    given = fault["input"]
    if fault["type"] == "missing" and isinstance(given, dict):
        first, *others = str(fault["loc"][-1]).split("_")
        if first + "".join(map(str.capitalize, others)) in given.keys() - {first}:
            words += "; it stands there in camel case, and fields are written with underscores"
    if fault["type"] == "model_type" and not fault["loc"] and isinstance(given, str):
        words += " but text, as if it had been encoded twice"
    if fault["type"] == "model_type" and not fault["loc"] and isinstance(given, list):
        words += " but a list: a record holds one message"
    return words
