"""What only the operators' commands are told from outside; all else is what the services are told."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class OperatorSettings(BaseSettings):
    """What only the operators' commands read; all else is what the services are told."""

    model_config = SettingsConfigDict(
        extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    notifier_database_url: SecretStr | None = Field(
        default=None,
        description="for commands that ask both services, where the notifier's role or database is another",
    )
