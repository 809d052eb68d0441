"""The scheduler's own variables (contract 12): its rulebook, and who may ask it questions over HTTP."""

from __future__ import annotations

from pydantic import Field, SecretStr

from services.runtime.settings import ServiceSettings

OPERATOR_TOKEN_CHARACTERS_MIN = 32


class SchedulerSettings(ServiceSettings):
    """Every variable of `stoppunkt scheduler run`."""

    rulebook: str = Field(default="standard", description="a shipped rulebook's name, or a file")
    operator_token: SecretStr | None = Field(
        default=None,
        min_length=OPERATOR_TOKEN_CHARACTERS_MIN,
        description="whoever has it may ask POST /explain on the health port; without one there is no such route",
    )
