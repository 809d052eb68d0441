"""A header name that is not UTF-8 stops nothing; and the parts of aiokafka that this needs are still as they were."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.memory_records import MemoryRecords

from schemas.inbound import NOTIFIER_TOPICS, SCHEDULER_TOPICS, decode_inbound
from schemas.wire import InvalidRecord, Record
from services.records.dead_letters import Dead, dead_letter, original
from services.runtime.kafka.header_names import Records
from tests.support.header_names import CODECS, batch_of
from tests.support.notifier_desk import oslo

NAME = b"navn-\xe6\xf8".decode(errors="surrogateescape")
RECORDS = [
    Record("facts", b"key", b"1", (("ce_id", b"1"),)),
    Record("facts", None, b"2", ((NAME, b"\xff"), ("navn-æø", b""))),
    Record("facts", b"key", None, ()),
    Record("facts", b"key", b"4", (("ce_id", b"4"),)),
]


def test_aiokafka_is_the_version_whose_fetcher_was_read() -> None:
    """With another one: does it still take `MemoryRecords` from its module, and still raise at such a name?"""
    assert version("aiokafka") == "0.14.0"


def test_aiokafka_alone_still_raises_at_such_a_name_and_its_consumers_use_ours() -> None:
    with pytest.raises(UnicodeDecodeError):
        list(MemoryRecords(bytes(batch_of(RECORDS).build())).next_batch())
    assert fetcher.MemoryRecords is Records


@pytest.mark.parametrize("codec", CODECS)
def test_every_record_of_a_batch_is_read_once_and_in_order(codec: str) -> None:
    data = b"".join(bytes(batch_of(RECORDS, codec=codec).build()) for _ in range(2))
    records = Records(data)
    assert records.size_in_bytes() == len(data)
    for _ in range(2):
        assert records.has_next()
        batch = records.next_batch()
        assert batch is not None
        assert batch.validate_crc()
        assert not batch.is_control_batch
        read = [
            Record("facts", raw.key, raw.value, tuple(raw.headers), offset=raw.offset)
            for raw in batch
        ]
        assert [(r.offset, r.key, r.value, r.headers) for r in read] == [
            (offset, r.key, r.value, r.headers) for offset, r in enumerate(RECORDS)
        ]
    assert not records.has_next()
    assert records.next_batch() is None


@pytest.mark.parametrize("topic", sorted({*SCHEDULER_TOPICS, *NOTIFIER_TOPICS}))
def test_such_a_record_is_dead_on_every_topic_and_its_letter_can_be_sent(topic: str) -> None:
    record = Record(topic, b"key", b"{}", ((NAME, b"\xe6"),), timestamp_ms=1)
    verdict = decode_inbound(record)
    assert isinstance(verdict, InvalidRecord)
    assert verdict.reason == "A header's name is not text in UTF-8."
    letter = dead_letter(Dead(record, verdict.reason), oslo("2026-02-24T10:00:00"))
    assert letter.headers[0] == ("navn-??", b"\xe6")
    assert original(letter).headers == (("navn-??", b"\xe6"),)
