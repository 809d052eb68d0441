"""What can fail while a command asks running services, their tables or Kafka, and the one sentence for each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg
import structlog
from aiokafka.errors import KafkaError

from services.cli.access.environment import refuse_settings
from services.cli.exits import refuse
from services.runtime.kafka import PublishOutcomeUnknown, PublishRefused
from services.runtime.logs import configure_logs
from services.runtime.settings import InvalidSettings
from services.scheduler.jobs.replan_everybody import OvertakenReplan

T = TypeVar("T")

_NO_TABLES = (
    "The tables are not there, or this role may not use them:"
    " see `migrate`, DATABASE_URL and NOTIFIER_DATABASE_URL"
)


def run_or_refuse(work: Coroutine[Any, Any, T]) -> T:
    """Do it; trouble ends the command with one sentence, which names classes only: a text may quote a row."""
    if not structlog.is_configured():
        configure_logs("ERROR", "console", sys.__stderr__)
    try:
        return asyncio.run(work)
    except InvalidSettings as fault:
        refuse_settings(fault)
    except OvertakenReplan as fault:
        refuse(str(fault))
    except (
        asyncpg.UndefinedTableError,
        asyncpg.InvalidSchemaNameError,
        asyncpg.InsufficientPrivilegeError,
    ) as error:
        refuse(f"{_NO_TABLES} ({type(error).__name__}).")
    except (PublishOutcomeUnknown, PublishRefused, KafkaError) as error:
        refuse(f"Kafka did not do it ({type(error).__name__}).")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        refuse(f"PostgreSQL did not do it ({type(error).__name__}).")


async def result_or_error(work: Coroutine[Any, Any, T]) -> T | str:
    """The result, or why the service's tables cannot be asked: a sentence, else the name of the error's class."""
    try:
        return await work
    except InvalidSettings as fault:
        return str(fault).rstrip(".")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return type(error).__name__
