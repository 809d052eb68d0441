"""What the operators' commands share: the settings of either service, who is asking, and how trouble is told."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from services.cli.exits import WRONG_USE, refuse

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

    from services.notifier.settings import NotifierSettings
    from services.scheduler.app import Settings

T = TypeVar("T")
SettingsT = TypeVar("SettingsT", bound="BaseSettings")

PERSON_HELP = (
    "A national number, or - to read it from stdin, so that it lands in no shell's history."
)


def scheduler_settings() -> Settings:
    """The scheduler's variables; wrong use, with one line for each that is wrong."""
    from services.scheduler.app import Settings

    return loaded(Settings)


def notifier_settings() -> NotifierSettings:
    """The notifier's variables, on NOTIFIER_DATABASE_URL where that is given."""
    from services.cli.operator.settings import OperatorSettings
    from services.notifier.settings import NotifierSettings

    settings = loaded(NotifierSettings)
    url = loaded(OperatorSettings).notifier_database_url
    return settings if url is None else settings.model_copy(update={"database_url": url})


def loaded(kind: type[SettingsT]) -> SettingsT:
    """The environment as `kind`."""
    from services.runtime.settings import InvalidSettings, load_settings

    try:
        return load_settings(kind)
    except InvalidSettings as fault:
        refuse(f"{fault}\n`stoppunkt settings` lists what can be set.", WRONG_USE)


def person_of(given: str) -> str:
    """PERSON as it was given, or the first line of stdin for `-`; an empty one is wrong use."""
    number = (sys.stdin.readline() if given == "-" else given).strip()
    if not number:
        refuse("No person was given.", WRONG_USE)
    return number


def operator() -> str:
    """The account that the command runs as: what the audit remembers."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def answer(work: Coroutine[Any, Any, T]) -> T:
    """Do it; trouble ends the command with one sentence, which names classes only: a text may quote a row."""
    import asyncpg
    import structlog
    from aiokafka.errors import KafkaError

    from services.runtime.kafka import PublishOutcomeUnknown, PublishRefused
    from services.runtime.logs import configure_logs
    from services.scheduler.rulebook_file import UnreadableRulebook

    if not structlog.is_configured():
        configure_logs("ERROR", "console", sys.__stderr__)
    try:
        return asyncio.run(work)
    except UnreadableRulebook as fault:
        refuse(str(fault))
    except (
        asyncpg.UndefinedTableError,
        asyncpg.InvalidSchemaNameError,
        asyncpg.InsufficientPrivilegeError,
    ) as error:
        refuse(f"{_CLOSED} ({type(error).__name__}).")
    except (PublishOutcomeUnknown, PublishRefused, KafkaError) as error:
        refuse(f"Kafka did not do it ({type(error).__name__}).")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        refuse(f"PostgreSQL did not do it ({type(error).__name__}).")


_CLOSED = (
    "The tables are not there, or this role may not use them:"
    " see `migrate`, DATABASE_URL and NOTIFIER_DATABASE_URL"
)


async def reached(work: Coroutine[Any, Any, T]) -> T | str:
    """What the notifier answers, or the class of what kept this command from asking it."""
    import asyncpg

    try:
        return await work
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return type(error).__name__
