"""What a follow-up fact replaces (contract 2): of two facts with one slot the later stands, within one case."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from operator import attrgetter
from typing import NamedTuple

from schemas.messages import (
    ActivityRequirementAssessed,
    DeathAnnulled,
    DialogueMeetingAnswered,
    DialogueMeetingCancelled,
    DialogueMeetingHeld,
    DialogueMeetingMinutesSent,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    ExemptionGranted,
    ExemptionRevoked,
    FactWithdrawn,
    FollowUpFact,
    FollowUpPlanMade,
    FollowUpPlanRequested,
    FollowUpPlanShared,
    MeetingNeedAnswered,
    MeetingRequestClosed,
    MeetingRequested,
    PersonDied,
    PersonRenumbered,
    ReassessmentClosed,
    ReassessmentRequested,
)


class Slot(NamedTuple):
    """What a fact is about, and the values of the fields that tell two of these apart."""

    about: str
    values: Hashable


_FIELDS: Mapping[type[FollowUpFact | PersonRenumbered], tuple[str, tuple[str, ...]]] = {
    FollowUpPlanMade: ("plan made", ("org_number",)),
    FollowUpPlanShared: ("plan shared", ("org_number", "shared_with")),
    FollowUpPlanRequested: ("plan requested", ("org_number",)),
    DialogueMeetingSummoned: ("meeting", ("meeting_id",)),
    DialogueMeetingMoved: ("meeting", ("meeting_id",)),
    DialogueMeetingHeld: ("meeting", ("meeting_id",)),
    DialogueMeetingCancelled: ("meeting", ("meeting_id",)),
    DialogueMeetingMinutesSent: ("meeting minutes", ("meeting_id",)),
    DialogueMeetingAnswered: ("meeting answered", ("meeting_id", "party", "org_number")),
    ExemptionGranted: ("exemption", ("checkpoint", "reason", "org_number")),
    ExemptionRevoked: ("exemption", ("checkpoint", "reason", "org_number")),
    ActivityRequirementAssessed: ("activity requirement", ("kind",)),
    MeetingNeedAnswered: ("meeting need", ("party", "org_number")),
    MeetingRequested: ("meeting requested", ("meeting", "party", "org_number")),
    MeetingRequestClosed: ("request closed", ("meeting",)),
    ReassessmentRequested: ("reassessment", ("reassessment_id",)),
    ReassessmentClosed: ("reassessment", ("reassessment_id",)),
    PersonDied: ("death", ("person_id",)),
    DeathAnnulled: ("death", ("person_id",)),
    PersonRenumbered: ("number", ("old_person_id", "new_person_id")),
    FactWithdrawn: ("withdrawal", ("fact_id",)),
}
_ROWS = {kind: (about, attrgetter(*names)) for kind, (about, names) in _FIELDS.items()}


def slot_of(message: FollowUpFact | PersonRenumbered) -> Slot | None:
    """The slot of a fact; None where it is never replaced, as a return to work is not."""
    row = _ROWS.get(type(message))
    return Slot(row[0], row[1](message)) if row is not None else None
