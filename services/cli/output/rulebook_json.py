"""A rulebook in the form that `rulebook show --json` prints; a step's members are named as its file names them."""

from __future__ import annotations

from typing import Any

from services.scheduler.domain.rulebook.model import Condition, Rulebook, Step


def rulebook_form(rulebook: Rulebook) -> dict[str, Any]:
    """Name, version, checkpoints with their steps as they apply, suspensions, and what each office has of its own."""
    return {
        "name": rulebook.name,
        "version": rulebook.version,
        "content_hash": rulebook.content_hash,
        "time": f"{rulebook.at:%H:%M}",
        "checkpoints": [
            {
                "name": checkpoint.name,
                "source": checkpoint.source,
                "meeting": checkpoint.meeting,
                "steps": [step_form(step, rulebook) for step in checkpoint.steps],
            }
            for checkpoint in rulebook.checkpoints
        ],
        "suspensions": [
            {
                "steps": suspension.steps,
                "from": suspension.from_.isoformat(),
                "until": suspension.until.isoformat(),
                "source": suspension.source,
                "office": suspension.office,
            }
            for suspension in rulebook.suspensions
        ],
        "offices": {
            office: differences(rulebook, rulebook.offices[office])
            for office in sorted(rulebook.offices)
        },
    }


def step_form(step: Step, rulebook: Rulebook) -> dict[str, Any]:
    """One step with all that it inherits; `offset_days` is the plain due date's day, where the start decides it."""
    return {
        "name": step.name,
        "enabled": step.enabled,
        "day": step.day,
        "full_days": step.full_days,
        "from": step.from_,
        "on": step.on,
        "date": step.date,
        "days": step.days,
        "working_days": step.working_days,
        "notice_days": step.notice_days,
        "offset_days": rulebook.offset_days(step),
        "legal": step.legal,
        "tell": "before" if step.tells_before else None,
        "held_back_by": "summoned" if step.held_back_by_summons else None,
        "show_after_days": step.show_after_days,
        "reasons": step.reasons,
        "meetings": step.meetings,
        "when": [condition_text(condition) for condition in step.when],
        "done_by": step.done_by,
        "exempt_by": step.exempt_by,
        "to": step.to,
        "catch_up_days": step.catch_up_days,
        "superseded_by": step.superseded_by,
    }


def condition_text(condition: Condition) -> str:
    """A condition as a file has it: `exempted:medical`."""
    return condition.name + (f":{','.join(condition.reasons)}" if condition.reasons else "")


def differences(rulebook: Rulebook, office: Rulebook) -> dict[str, Any]:
    """What an office has of its own, by `checkpoint.step.member`, also where it only follows from another value."""
    changed: dict[str, Any] = {}
    for ours, theirs in zip(rulebook.steps, office.steps, strict=True):
        before, after = step_form(ours, rulebook), step_form(theirs, office)
        changed |= {
            f"{ours.path}.{name}": value for name, value in after.items() if value != before[name]
        }
    return changed
