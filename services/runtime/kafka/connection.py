"""How every Kafka client of a service connects, and the FastStream broker its consumers hang on."""

from __future__ import annotations

import logging
from typing import Any, Final

import structlog
from aiokafka.helpers import create_ssl_context
from faststream.kafka import KafkaBroker
from faststream.kafka.security import parse_security
from faststream.middlewares import AckPolicy
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from services.runtime.kafka.header_names import accept_any_header_name
from services.runtime.logs import error_fields
from services.runtime.settings import ServiceSettings

REQUEST_TIMEOUT_MS = 15_000
# 100 ms, the default, logs tens of lines a second while the broker is away.
RETRY_BACKOFF_MS = 1_000
CLIENT_ID = "stoppunkt"
# What a publisher has rolled back was never said. A record of an open transaction, and what stands behind it in its
# partition, is read when the transaction ends: committed, aborted, or aborted by the broker at its time-out.
ISOLATION_LEVEL: Final = "read_committed"

accept_any_header_name()

_SASL = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


def make_broker(settings: ServiceSettings) -> KafkaBroker:
    """A broker for consumers only, not yet connected; `await broker.start()` starts them all.

    It has no producer: FastStream's adds headers of its own and cannot carry a header that is not
    UTF-8, and what we publish goes out byte for byte (see `Publisher`). It validates nothing, creates
    no topic, answers no `reply_to`, and a failed batch is kept (NACK_ON_ERROR).
    """
    return KafkaBroker(
        settings.kafka_bootstrap_servers.split(","),
        client_id=CLIENT_ID,
        consumer_only=True,
        allow_auto_create_topics=False,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=RETRY_BACKOFF_MS,
        graceful_timeout=settings.graceful_timeout_seconds,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        security=_security(settings),
        apply_types=False,
        logger=_QuietLogger(),
        log_level=logging.DEBUG,
    )


def client_options(settings: ServiceSettings) -> dict[str, Any]:
    """The keyword arguments that aiokafka's producer and admin client share."""
    return {
        "bootstrap_servers": settings.kafka_bootstrap_servers.split(","),
        "client_id": CLIENT_ID,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "retry_backoff_ms": RETRY_BACKOFF_MS,
        **parse_security(_security(settings)),
    }


def _security(settings: ServiceSettings) -> BaseSecurity:
    encrypted = settings.kafka_security_protocol.endswith("SSL")
    # check_hostname stays on: it is create_ssl_context's default, and nothing here clears it.
    context = (
        create_ssl_context(
            cafile=_text(settings.kafka_ca_path),
            certfile=_text(settings.kafka_certificate_path),
            keyfile=_text(settings.kafka_private_key_path),
        )
        if encrypted
        else None
    )
    if not settings.kafka_security_protocol.startswith("SASL"):
        return BaseSecurity(ssl_context=context)
    if settings.kafka_sasl_username is None or settings.kafka_sasl_password is None:
        raise ValueError("SASL needs a user name and a password")  # settings have seen to it
    return _SASL[settings.kafka_sasl_mechanism](
        settings.kafka_sasl_username,
        settings.kafka_sasl_password.get_secret_value(),
        ssl_context=context,
    )


def _text(path: object) -> str | None:
    return None if path is None else str(path)


class _QuietLogger:
    """What FastStream may say: that something is wrong, and the class of the error.

    Its messages quote exceptions and records, so no text of it passes; what a service
    wants to know of its consumers' lives is logged by `Consumer`.
    """

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("services.runtime.kafka.faststream")

    def log(self, level: int, *_: object, exc_info: object = None, **__: object) -> None:
        if level >= logging.ERROR:
            fields = error_fields(exc_info) if isinstance(exc_info, BaseException) else {}
            self._log.log(level, "consumer.trouble", **fields)
