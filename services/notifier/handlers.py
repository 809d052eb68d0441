"""Records in: one transaction a batch, one kind of message after the other. Nothing is sent from here.

Kinds may come in any order, within a batch and across batches: each step stores what has come, and then asks what
follows from it together with what was stored before. What a message means is decided in the domain.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import structlog

from schemas.messages import DeliveryReceipt, LineManagerChanged, PersonContactChanged
from schemas.numbers import NumberChange
from schemas.wire import Decoded, Record
from services.notifier import metrics
from services.notifier.domain.decision import Deliver, Drop, decide, next_delivery
from services.notifier.domain.delivery import (
    Delivery,
    bounced,
    cancelled,
    confirmed,
    withdrawn,
)
from services.notifier.domain.employers_side import CanClose
from services.notifier.domain.retention import silent_since
from services.notifier.domain.withdrawal import code, reason_code, withdrawal_for
from services.notifier.inbox import Batch, Contact, Renumbering, hashes, sort_records
from services.notifier.lookups import due_for, organisation_lock, read_contacts
from services.notifier.ports import Begin, PresentPerson, Tables, Words
from services.notifier.settling import (
    add_following,
    close_protected,
    end_duties,
    observe,
    update_tasks,
)
from services.runtime.clock import Clock

_log = structlog.stdlib.get_logger(__name__)

Persons = Mapping[str, PresentPerson]
V = TypeVar("V", Contact, Renumbering)


class Handlers:
    """Takes batches of records; raises what PostgreSQL raises, and then nothing of the batch is stored."""

    def __init__(
        self,
        *,
        begin: Begin,
        clock: Clock,
        decode: Callable[[Record], Decoded],
        hash_of: Callable[[str], bytes],
        special_office: str,
        retention_months: int,
        can_close: CanClose,
        words: Words,
    ) -> None:
        self._begin = begin
        self._clock = clock
        self._decode = decode
        self._hash_of = hash_of
        self._special_office = special_office
        self._retention_months = retention_months
        self._can_close = can_close
        self._words = words

    async def handle(self, records: Sequence[Record]) -> None:
        """Handle a batch; a batch that was handled before changes nothing.

        Raises `TooManyDeadLetters` while the ceiling is reached; the records stay unhandled.
        """
        batch = sort_records(records, self._decode)
        now = await self._clock.now()
        async with self._begin() as tables:
            await tables.records.refuse_when_stopped()
            await tables.records.set_aside(batch.dead, now)
            persons = await self._lock(tables, batch)
            if erased := await self._erased(tables, persons):
                batch = self._without(records, erased)
            since = silent_since(now, self._retention_months)
            metrics.REFUSED.inc(batch.drop_deadlines_until(since))
            changed = await self._handle(tables, batch, persons, now)
        observe(changed)
        if batch.dead:
            _log.warning("records.dead", count=len(batch.dead))

    async def _handle(
        self, tables: Tables, batch: Batch, persons: Persons, now: datetime
    ) -> list[Delivery]:
        """Returns the deliveries that came to another state."""
        await self._drop_seen(tables, batch, now)
        if batch.renumberings:
            await self._renumber(tables, batch)
            persons = await self._present(tables, batch)
        await _save_contacts(tables, batch, persons, now)
        updated = await tables.events.update(batch.updates, persons, now)
        withdrawn_events = await tables.events.withdraw(batch.withdrawals, persons)
        new = await tables.events.add(batch.due, persons, now)
        dropped = await self._plan(tables, new, now)
        taken_back = await self._withdraw(tables, withdrawn_events - new, now)
        await update_tasks(tables, updated, now)
        released = await self._end_duties(tables, batch, persons, now)
        answered = await self._take_receipts(tables, batch.receipts, now)
        return [*dropped, *taken_back, *released, *answered]

    async def _erased(self, tables: Tables, persons: Persons) -> dict[str, datetime]:
        """The numbers of those who were erased, and when; they are locked, so no erasure of them runs meanwhile."""
        written = hashes(self._hash_of, persons)
        erased = await tables.events.erased(written.values()) if written else {}
        return {number: erased[person] for number, person in written.items() if person in erased}

    def _without(self, records: Sequence[Record], erased: Mapping[str, datetime]) -> Batch:
        """The batch without what was published about these people before they were erased."""
        newer = []
        for record in records:
            named = sort_records([record], self._decode).person_ids() & erased.keys()
            stamp = record.timestamp_ms
            if not any(stamp <= erased[number].timestamp() * 1000 for number in named):
                newer.append(record)
        metrics.REFUSED.inc(len(records) - len(newer))
        return sort_records(newer, self._decode)

    async def _drop_seen(self, tables: Tables, batch: Batch, now: datetime) -> None:
        """Leave out records that were published again: their later timestamp would let old contents win."""
        digests = [record.digest for record in batch.contacts]
        digests += [record.digest for record in batch.renumberings]
        fresh = await tables.records.add_seen({digest for digest in digests if digest}, now)
        batch.contacts = _unseen(batch.contacts, fresh)
        batch.renumberings = _unseen(batch.renumberings, fresh)

    async def _lock(self, tables: Tables, batch: Batch) -> Persons:
        """Lock everybody in the batch, under every number that a change ties to them, and every organisation in it."""
        persons = await self._present(tables, batch)
        locks = {organisation_lock(org_number) for org_number in batch.organisations()}
        if persons:
            written = hashes(self._hash_of, persons).values()
            locks |= await tables.contacts.connected(set(written))
        if locks:
            await tables.events.lock(locks)
            # Another transaction may have changed their numbers while this one waited for the lock.
            persons = await self._present(tables, batch)
        return persons

    async def _present(self, tables: Tables, batch: Batch) -> Persons:
        written = hashes(self._hash_of, sorted(batch.person_ids()))
        if not written:
            return {}
        ends = await tables.contacts.present(set(written.values()))
        return {
            person_id: PresentPerson(*ends.get(person, (person, person_id)), stated=person)
            for person_id, person in written.items()
        }

    async def _renumber(self, tables: Tables, batch: Batch) -> None:
        changes = []
        for change in batch.renumberings:
            number = change.message.new_person_id
            old, new = self._hash_of(change.message.old_person_id), self._hash_of(number)
            changes.append((NumberChange(change.version, old, new), number))
        await tables.contacts.move(await tables.contacts.renumber(changes))

    async def _plan(
        self, tables: Tables, event_ids: Collection[str], now: datetime
    ) -> list[Delivery]:
        if not event_ids:
            return []
        events = await tables.events.read(event_ids)
        book = await read_contacts(tables, events.values(), self._special_office, now)
        withdrawals = await tables.events.withdrawals(event_ids)
        deaths = await tables.events.deaths({known.person for known in events.values()})
        planned: list[Delivery] = []
        for event_id in sorted(events):
            known = events[event_id]
            withdrawn_for = [w.recipients for w in withdrawals.get(event_id, ())]
            died_at = deaths.get(known.person)
            due = due_for(known, self._words, now)
            for decision in decide(due, book.of(known.person), withdrawn_for, now):
                match decision:
                    case Deliver(delivery):
                        died = died_at is not None and died_at >= known.event.fired_at
                        planned.append(cancelled(delivery, "died", now) if died else delivery)
                    case Drop(delivery, reason):
                        planned.append(cancelled(delivery, reason, now))
        await tables.deliveries.add(planned)
        return [delivery for delivery in planned if delivery.state != "waiting"]

    async def _withdraw(
        self, tables: Tables, event_ids: Collection[str], now: datetime
    ) -> list[Delivery]:
        if not event_ids:
            return []
        events = await tables.events.read(event_ids)
        withdrawals = await tables.events.withdrawals(event_ids)
        changed: list[Delivery] = []
        moved: list[Delivery] = []
        for delivery in await tables.deliveries.lock_of_events(sorted(events)):
            withdrawal = withdrawal_for(delivery, withdrawals.get(delivery.event_id, ()))
            if withdrawal is not None and delivery.withdrawn is None:
                can_close = self._can_close(delivery, now)
                after = withdrawn(delivery, reason_code(withdrawal), can_close=can_close, now=now)
                changed.append(after)
                if after.state != delivery.state:
                    moved.append(after)
        await tables.deliveries.write(changed)
        persons = {event.person for event in events.values()}
        return moved + await close_protected(tables, persons, self._can_close, now)

    async def _end_duties(
        self, tables: Tables, batch: Batch, persons: Persons, now: datetime
    ) -> list[Delivery]:
        employees = {
            persons[contact.message.person_id].hash
            for contact in batch.contacts
            if contact.employment_ended and isinstance(contact.message, LineManagerChanged)
        }
        return await end_duties(tables, employees, self._can_close, now)

    async def _take_receipts(
        self, tables: Tables, receipts: Sequence[DeliveryReceipt], now: datetime
    ) -> list[Delivery]:
        if not receipts:
            return []
        ids = {receipt.delivery_id for receipt in receipts}
        before = {row.delivery_id: row for row in await tables.deliveries.lock(ids)}
        after = dict(before)
        for receipt in receipts:
            delivery = after.get(receipt.delivery_id)
            if delivery is not None:
                after[receipt.delivery_id] = _with_receipt(delivery, receipt, now)
        changed = [row for row in after.values() if row != before[row.delivery_id]]
        await tables.deliveries.write(changed)
        failed = [row for row in changed if row.state == "failed"]
        await tables.safety.give_back_slots([row.delivery_id for row in failed])
        await self._try_next_channel(tables, failed, now)
        return [row for row in changed if row.state != before[row.delivery_id].state]

    async def _try_next_channel(
        self, tables: Tables, failed: Sequence[Delivery], now: datetime
    ) -> None:
        if not failed:
            return
        events = await tables.events.read({delivery.event_id for delivery in failed})
        book = await read_contacts(tables, events.values(), self._special_office, now)
        following = (
            next_delivery(
                due_for(events[row.event_id], self._words, now), row, book.of(row.person), now
            )
            for row in failed
        )
        await add_following(tables, [row for row in following if row is not None], now)


async def _save_contacts(tables: Tables, batch: Batch, persons: Persons, now: datetime) -> None:
    hashes_of = {person_id: person.hash for person_id, person in persons.items()}
    written = {person_id: person.stated for person_id, person in persons.items()}
    await tables.contacts.save(batch.contacts, written)
    await tables.contacts.end_relations(batch.relations_gone)
    messages = (contact.message for contact in batch.contacts)
    registered = [message for message in messages if isinstance(message, PersonContactChanged)]
    await tables.contacts.wake({hashes_of[message.person_id] for message in registered}, now)
    people = {hashes_of[person_id] for person_id in batch.with_other_contacts()}
    await tables.deliveries.wake_for_managers(people, batch.organisations(), now)


def _with_receipt(delivery: Delivery, receipt: DeliveryReceipt, now: datetime) -> Delivery:
    if receipt.outcome != "failed":
        return confirmed(delivery, receipt.at)
    # A failure that does not say whether it may pass is for good: the receiver will not try again for us.
    permanent = receipt.permanent is not False
    reason = code(receipt.reason) or "receipt"
    return bounced(delivery, permanent=permanent, reason=reason, now=now)


def _unseen(records: Sequence[V], fresh: Collection[bytes]) -> list[V]:
    """Those that are new; of repeats within the batch the first."""
    unused = set(fresh)
    unseen: list[V] = []
    for record in records:
        digest = record.digest
        if digest is None or digest in unused:
            unused.discard(digest or b"")
            unseen.append(record)
    return unseen
