"""The scheduler's own variables (contract 12): its rulebook, and who may ask it questions over HTTP."""

from __future__ import annotations

from pydantic import Field

from services.runtime.setting_kinds import StrongToken
from services.runtime.settings import ServiceSettings


class SchedulerSettings(ServiceSettings):
    """Every variable of `stoppunkt scheduler run`."""

    rulebook: str = Field(default="standard", description="a shipped rulebook's name, or a file")
    operator_token: StrongToken | None = Field(
        default=None,
        description="whoever has it may ask POST /explain on the health port; without one there is no such route",
    )
