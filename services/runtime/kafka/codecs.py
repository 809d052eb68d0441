"""The compressions of Kafka's wire. Any publisher may use any of them, and a topic's setting may as well."""

from __future__ import annotations

from aiokafka import codec


def missing_codecs() -> list[str]:
    """The names of those that this installation cannot read; a record of one would stop its consumer for good."""
    installed = {
        "gzip": codec.has_gzip,
        "snappy": codec.has_snappy,
        "lz4": codec.has_lz4,
        "zstd": codec.has_zstd,
    }
    return [name for name, is_there in installed.items() if not is_there()]
