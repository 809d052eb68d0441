"""`stoppunkt scheduler run|migrate` and `notifier run|migrate`: the services, as their image starts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from services.cli.exits import WRONG_USE, refuse

if TYPE_CHECKING:
    from services.runtime.kafka import TopicSpec
    from services.runtime.postgres import OwnTables
    from services.runtime.settings import ServiceSettings

SettingsT = TypeVar("SettingsT", bound="ServiceSettings")

commands = typer.Typer()
scheduler = typer.Typer(name="scheduler", help="Facts in, due events out.", no_args_is_help=True)
notifier = typer.Typer(
    name="notifier", help="Due events in, messages and tasks out.", no_args_is_help=True
)
commands.add_typer(scheduler)
commands.add_typer(notifier)


@scheduler.command("run")
def run_scheduler() -> None:
    """Runs the scheduler until it is told to stop (SIGTERM or Ctrl-C); see `stoppunkt settings`.

    Example: DATABASE_URL=… KAFKA_BOOTSTRAP_SERVERS=… PSEUDONYM_KEY=… stoppunkt scheduler run
    """
    from services.scheduler.app import run
    from services.scheduler.settings import SchedulerSettings

    _run(run, SchedulerSettings)


@scheduler.command("migrate")
def migrate_scheduler() -> None:
    """Brings the scheduler's tables up to date, and makes missing topics of ours where allowed.

    Example: stoppunkt scheduler migrate
    """
    from services.cli.access.environment import read_settings
    from services.scheduler.app import TABLES, TOPICS
    from services.scheduler.settings import SchedulerSettings

    _migrate(read_settings(SchedulerSettings), TABLES, TOPICS)


@notifier.command("run")
def run_notifier() -> None:
    """Runs the notifier until it is told to stop (SIGTERM or Ctrl-C); see `stoppunkt settings`.

    Example: DATABASE_URL=… KAFKA_BOOTSTRAP_SERVERS=… PSEUDONYM_KEY=… stoppunkt notifier run
    """
    from services.notifier.app import run
    from services.notifier.settings import NotifierSettings

    _run(run, NotifierSettings)


@notifier.command("migrate")
def migrate_notifier() -> None:
    """Brings the notifier's tables up to date, and makes missing topics of ours where allowed.

    Example: stoppunkt notifier migrate
    """
    from services.cli.access.environment import read_settings
    from services.notifier.app import TABLES, TOPICS
    from services.notifier.settings import NotifierSettings

    _migrate(read_settings(NotifierSettings), TABLES, TOPICS)


def _run(run: Callable[[SettingsT], int], kind: type[SettingsT]) -> NoReturn:
    """Run a service until it ends; what it refuses to start with is printed too, because its log may be JSON."""
    from services.cli.access.environment import read_settings, refuse_settings
    from services.runtime.settings import InvalidSettings

    settings = read_settings(kind)
    _refuse_missing_codecs()
    try:
        code = run(settings)
    except InvalidSettings as fault:
        refuse_settings(fault)
    raise typer.Exit(code)


def _refuse_missing_codecs() -> None:
    """End where a publisher could send what this installation cannot read."""
    from services.runtime.kafka import missing_codecs

    if missing := missing_codecs():
        refuse(
            f"Records compressed with {', '.join(missing)} could not be read: the package cramjam is not installed "
            "(deploy/runtime.lock has it).",
            WRONG_USE,
        )


def _migrate(
    settings: ServiceSettings, tables: OwnTables, topics: Mapping[str, TopicSpec]
) -> NoReturn:
    """Do it, print what was done, and end. A failure is printed by its class alone: its text may quote a row."""
    import asyncio

    import asyncpg
    from aiokafka.errors import KafkaError

    from services.cli.access.environment import refuse_settings
    from services.runtime.kafka import TopicsUnavailable, ensure_topics
    from services.runtime.postgres import ChangedMigration, migrate_under_key
    from services.runtime.settings import InvalidSettings

    async def work() -> tuple[list[str], list[str]]:
        applied = await migrate_under_key(settings, tables)
        return applied, await ensure_topics(settings, topics)

    try:
        applied, created = asyncio.run(work())
    except InvalidSettings as fault:
        refuse_settings(fault)
    except ChangedMigration as fault:
        refuse(f"{fault}.")
    except TopicsUnavailable as fault:
        refuse(f"The tables are up to date, but these topics are missing: {fault}.")
    except KafkaError as error:
        refuse(f"The tables are up to date, but Kafka did not answer ({type(error).__name__}).")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        refuse(f"PostgreSQL did not do it ({type(error).__name__}).")
    for name in applied:
        typer.echo(f"applied {name}")
    for name in created:
        typer.echo(f"made topic {name}")
    if not applied and not created:
        typer.echo("Nothing was missing.")
    raise typer.Exit(0)
