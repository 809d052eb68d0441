"""`stoppunkt scheduler run|migrate` and `notifier run|migrate`: the services, as their image starts them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import NoReturn, TypeVar

import typer
from pydantic_settings import BaseSettings

from services.cli.exits import WRONG_USE, refuse

scheduler_app = typer.Typer(help="Facts in, due events out.", no_args_is_help=True)
notifier_app = typer.Typer(help="Due events in, messages and tasks out.", no_args_is_help=True)

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


@scheduler_app.command("run")
def run_scheduler() -> None:
    """Runs the scheduler until it is told to stop (SIGTERM or Ctrl-C); see `stoppunkt settings`.

    Example: DATABASE_URL=… KAFKA_BOOTSTRAP_SERVERS=… PSEUDONYM_KEY=… stoppunkt scheduler run
    """
    from services.cli.rulebooks import rulebook_of
    from services.scheduler.app import Settings, run

    settings = _loaded(Settings)
    rulebook_of(settings.rulebook)  # a fault is told with its line, before anything is opened
    raise typer.Exit(run(settings))


@scheduler_app.command("migrate")
def migrate_scheduler() -> None:
    """Brings the scheduler's tables up to date, and makes missing topics of ours where allowed.

    Example: stoppunkt scheduler migrate
    """
    from services.runtime.kafka import ensure_topics
    from services.scheduler.app import TOPICS, Settings, migrate

    async def work(settings: Settings) -> tuple[list[str], list[str]]:
        applied = await migrate(settings.database_url)
        return applied, await ensure_topics(settings, TOPICS)

    _migrate(work(_loaded(Settings)))


@notifier_app.command("run")
def run_notifier() -> None:
    """Runs the notifier until it is told to stop (SIGTERM or Ctrl-C); see `stoppunkt settings`.

    Example: DATABASE_URL=… KAFKA_BOOTSTRAP_SERVERS=… PSEUDONYM_KEY=… stoppunkt notifier run
    """
    from services.notifier.app import run
    from services.notifier.settings import NotifierSettings

    raise typer.Exit(run(_loaded(NotifierSettings)))


@notifier_app.command("migrate")
def migrate_notifier() -> None:
    """Brings the notifier's tables up to date, and makes missing topics of ours where allowed.

    Example: stoppunkt notifier migrate
    """
    from services.notifier.app import TOPICS, migrate
    from services.notifier.settings import NotifierSettings
    from services.runtime.kafka import ensure_topics

    async def work(settings: NotifierSettings) -> tuple[list[str], list[str]]:
        applied = await migrate(settings.database_url)
        return applied, await ensure_topics(settings, TOPICS)

    _migrate(work(_loaded(NotifierSettings)))


def _loaded(kind: type[SettingsT]) -> SettingsT:
    from services.runtime.settings import InvalidSettings, load_settings

    try:
        return load_settings(kind)
    except InvalidSettings as fault:
        refuse(f"{fault}\n`stoppunkt settings` lists what can be set.", WRONG_USE)


def _migrate(work: Coroutine[object, object, tuple[list[str], list[str]]]) -> NoReturn:
    """Do it, say what was done, and end; what PostgreSQL or Kafka said may quote, so its class is told."""
    import asyncpg
    from aiokafka.errors import KafkaError

    from services.runtime.kafka import TopicsUnavailable
    from services.runtime.postgres import ChangedMigration

    try:
        applied, made = asyncio.run(work)
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
    for name in made:
        typer.echo(f"made topic {name}")
    if not applied and not made:
        typer.echo("Nothing was missing.")
    raise typer.Exit(0)
