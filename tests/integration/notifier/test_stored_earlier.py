"""Events and contacts that the first version has stored go on, and no text in them leaves (contract 2, 8)."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.resources import files

from schemas.messages import ExemptionBasis, Recipient
from services.runtime.postgres import Pool
from tests.support.notifier_desk import (
    ADVISER,
    EMPLOYEE,
    KAFE,
    MANAGER,
    adviser,
    anne,
    basis,
    desk,
    due,
    manager,
    organisation,
    oslo,
    updated,
    withdrawal,
)

TUESDAY = oslo("2026-02-24T09:00:00")
SUNDAY = oslo("2026-02-22T10:00:00")

# What the first version took for a code, by what these tests send in its place.
EARLIER = {
    KAFE: "310 200 107",
    "REASON": "Anne has an illness, tel. 99999999",
    "OFFICE": "kontoret på Grünerløkka",
    "ADVISER": "Kari Nordmann",
}
WORDS = ("illness", "99999999", "Grün", "Kari", "310 200")
COLUMNS = {
    "events": ("payload", "basis"),
    "withdrawals": ("payload",),
    "deliveries": ("org_number",),
    "line_managers": ("org_number",),
    "organisations": ("org_number",),
    "person_contacts": ("office",),
    "advisers": ("adviser_id", "office"),
}


async def as_the_first_version_had_it(pool: Pool) -> None:
    """Put its texts where codes are, in every column; then migrate as a new version does."""
    for table, columns in COLUMNS.items():
        for column in columns:
            for code, text in EARLIER.items():
                change = f"update {table} set {column} = replace({column}, $1, $2)"  # noqa: S608 - our own names
                await pool.execute(change, code, text)
    for file in files("services.notifier.sql.migrations").iterdir():
        if "codes_in_place_of_texts" in file.name:
            await pool.execute(file.read_text("utf-8"))


async def test_what_waits_is_sent_and_what_was_sent_is_closed_without_those_texts(
    database_url: str,
) -> None:
    exemption = ExemptionBasis(
        checkpoint="dialogue_meeting_1",
        reason="REASON",
        granted_on=date(2026, 2, 2),
        until=None,
        granted_by="employer",
    )
    known = basis(1).model_copy(
        update={"exemptions": (exemption,), "missing": (f"plan_not_shared:{KAFE}",)}
    )
    contacts = (
        anne(office="OFFICE"),
        manager(),
        organisation(),
        adviser("ADVISER", office="OFFICE"),
    )
    async with desk(database_url, SUNDAY) as it:
        reminder = due(at=SUNDAY, recipients=(EMPLOYEE, MANAGER), person_id="14838511253")
        task = due("dialogue_meeting_2", at=SUNDAY, recipients=(ADVISER,), basis=known)
        named = Recipient(role="adviser", adviser_id="ADVISER")
        asked = due(
            "reassessment",
            "look_again",
            at=SUNDAY,
            recipients=(named,),
            subject="REASON",
            basis=known,
        )
        await it.receive(*contacts, reminder, task, asked)
        await as_the_first_version_had_it(it.pool)
        await it.until(TUESDAY)
        newer = known.model_copy(update={"revision": 2})
        await it.receive_and_send(updated(task, newer, at=it.now))
        await it.pool.execute(
            "update events set basis = replace(basis, 'REASON', $1)", EARLIER["REASON"]
        )
        await it.receive_and_send(withdrawal(reminder, at=it.now, recipients=(MANAGER,)))
        it.clock.turn(TUESDAY + timedelta(days=1))
        await it.receive_and_send(withdrawal(task, at=it.now), withdrawal(asked, at=it.now))
        assert {left.type for left in it.left()} == {
            *("sms.requested", "email.requested", "email.cancelled"),
            *("adviser_task.opened", "adviser_task.updated", "adviser_task.closed"),
        }
        text = "".join(
            f"{name}{value.decode()}" for record in it.out.records for name, value in record.headers
        ) + "".join((record.value or b"").decode() for record in it.out.records)
        opened = {left.data["checkpoint"]: left.data for left in it.left("adviser_task.opened")}
        (email,) = it.left("email.requested")
    assert [word for word in WORDS if word in text] == []
    assert email.data["to"] == "leder@example.invalid"
    assert opened["dialogue_meeting_2"]["office"] == opened["reassessment"]["office"]
    assert opened["reassessment"]["adviser_id"].startswith("not_a_code.")
    assert opened["dialogue_meeting_2"]["basis"]["missing"] == ["plan_not_shared:310200107"]
