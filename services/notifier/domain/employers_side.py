"""E-mails to an employer's side that nobody there can receive, and the one task that stands in for them (contract 6.2).

Such an e-mail is neither sent nor dropped: it waits, as `no_line_manager`. One task says so, for a person and an
employer, however many steps wait. Once the manager or the organisation has an address, what is not past its time leaves
and the task is closed; it is closed too when all that waits was withdrawn, at the latest when the case is over. About a
person with a protected address nothing waits: each e-mail is cancelled as `protected`, and one task for the person
says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.notifier.domain.decision import (
    EMPLOYMENT_ENDED,
    DueFor,
    Party,
    channel_to_employer,
    stand_in,
    to_organisation,
)
from services.notifier.domain.delivery import (
    OPEN_TASK,
    Delivery,
    cancelled,
    waits_for_manager,
    withdrawn,
)
from services.notifier.domain.recipients import Contacts

# What lets an e-mail go wakes it at once; looking again by itself only catches a wake that was lost (policy).
LOOK_AGAIN = timedelta(days=28)
# Sickness benefit lasts 52 weeks: by then a case's end has withdrawn what waited for it, whatever went wrong (policy).
WAITS_AT_MOST = timedelta(weeks=52)

KNOWN = {"email": "line_manager_known", "organisation_email": "organisation_known"}
ONE_IS_ENOUGH = "one_task_is_enough"
NOBODY_THERE = "no_line_manager"

CanClose = Callable[[Delivery, datetime], bool]


@dataclass(frozen=True, slots=True)
class Employer:
    """An employer of a person. `contacts` are those around the person, as they stand now."""

    org_number: str
    contacts: Contacts

    @property
    def party(self) -> Party:
        """As deliveries know it."""
        return Party("line_manager", self.org_number)


@dataclass(slots=True)
class Changes:
    """Deliveries as they are from now on, and new ones."""

    settled: list[Delivery] = field(default_factory=list)
    following: list[Delivery] = field(default_factory=list)


def settle_employer(
    employer: Employer,
    waiting: Sequence[Delivery],
    tasks: Sequence[Delivery],
    dues: Mapping[str, DueFor],
    *,
    can_close: CanClose,
    now: datetime,
) -> Changes:
    """What becomes of the e-mails that wait for somebody at this employer, and of the tasks about them.

    `waiting` has at least one, those planned first first, and `dues` their events. `tasks` are all that ever stood in
    for an employer of this person.
    """
    changes = Changes()
    for email in waiting:
        changes.settled.append(_email_now(employer, email, dues[email.event_id], changes, now))
    after = tuple(changes.settled)
    still = [email for email in after if waits_for_manager(email)]
    of_employer = [task for task in tasks if task.org_number == employer.org_number]
    about_manager = [task for task in of_employer if _is_open(task, "no_line_manager")]
    if still and not about_manager:
        due = dues[still[0].event_id]
        changes.following.append(stand_in(due, employer.party, "no_line_manager", tasks, now))
    reason = ONE_IS_ENOUGH if still else _why_nobody_waits(employer, after)
    for task in about_manager[1:] if still else about_manager:
        changes.settled.append(withdrawn(task, reason, can_close=can_close(task, now), now=now))
    protected = [email for email in after if email.reason == "protected"]
    if protected and not any(_is_open(task, "protected") for task in tasks):
        due = dues[protected[0].event_id]
        changes.following.append(stand_in(due, Party("line_manager"), "protected", tasks, now))
    return changes


def _is_open(task: Delivery, purpose: str) -> bool:
    return task.purpose == purpose and task.state in OPEN_TASK and task.withdrawn is None


def _email_now(
    employer: Employer, email: Delivery, due: DueFor, changes: Changes, now: datetime
) -> Delivery:
    contacts = employer.contacts
    if email.withdrawn is not None:
        return cancelled(email, email.withdrawn, now)
    if employer.org_number in contacts.ended_employments:
        return cancelled(email, EMPLOYMENT_ENDED, now)
    channel = channel_to_employer(employer.org_number, contacts)
    is_settled = channel is not None or contacts.is_protected
    gives_up_at = email.planned_at + WAITS_AT_MOST
    if now >= (email.not_after if is_settled else gives_up_at):
        # Not expired: operators are alerted of what runs out of time on its way, and of this an adviser knows.
        return cancelled(email, NOBODY_THERE, now)
    if contacts.is_protected:
        return cancelled(email, "protected", now)
    if channel is None:
        # Also when it is too late: the task stays for the steps to come, until the case is over and withdraws it.
        return replace(email, ready_at=min(now + LOOK_AGAIN, gives_up_at))
    if channel == email.channel or email.channel != "email":
        return replace(email, wait_reason=None, ready_at=now)
    changes.following.append(to_organisation(due, employer.party, now))
    return cancelled(email, NOBODY_THERE, now)


def _why_nobody_waits(employer: Employer, after: Sequence[Delivery]) -> str:
    """That somebody is known now; else what ended the e-mail that was planned last."""
    contacts = employer.contacts
    channel = channel_to_employer(employer.org_number, contacts)
    is_over = contacts.is_protected or employer.org_number in contacts.ended_employments
    if channel is not None and not is_over:
        return KNOWN[channel]
    return after[-1].reason or NOBODY_THERE
