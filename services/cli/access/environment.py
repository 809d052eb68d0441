"""The settings of either service from the environment, as the services themselves read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.cli.exits import WRONG_USE, refuse
from services.runtime.setting_kinds import DatabaseUrl
from services.runtime.settings import InvalidSettings, load_settings

if TYPE_CHECKING:
    from services.notifier.settings import NotifierSettings
    from services.scheduler.settings import SchedulerSettings

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class OperatorSettings(BaseSettings):
    """What only the operators' commands read; everything else they read as the services do."""

    model_config = SettingsConfigDict(
        extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    notifier_database_url: DatabaseUrl | None = Field(
        default=None,
        description="for commands that ask both services, where the notifier's role or database is another",
    )


def scheduler_settings() -> SchedulerSettings:
    """The scheduler's variables."""
    from services.scheduler.settings import SchedulerSettings

    return read_settings(SchedulerSettings)


def notifier_settings() -> NotifierSettings:
    """The notifier's variables, on NOTIFIER_DATABASE_URL where that is given."""
    from services.notifier.settings import NotifierSettings

    settings = read_settings(NotifierSettings)
    url = read_settings(OperatorSettings).notifier_database_url
    return settings if url is None else settings.model_copy(update={"database_url": url})


def read_settings(kind: type[SettingsT]) -> SettingsT:
    """The environment as `kind`; a variable that is missing or wrong is named, and ends the command with 2."""
    try:
        return load_settings(kind)
    except InvalidSettings as fault:
        refuse_settings(fault)


def refuse_settings(fault: InvalidSettings) -> NoReturn:
    """End the command with 2 and the sentences that name what cannot be used."""
    refuse(f"{fault}\n`stoppunkt settings` lists what can be set.", WRONG_USE)
