"""Who writes, and where people log in: set once, and put into the words of every language (contract 6.5)."""

from __future__ import annotations

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.notifier.domain.words.rules import name_fault
from services.notifier.domain.words.texts import NAV, Sender


class SenderSettings(BaseSettings):
    """The variables that are put into e-mails and letters, each a name as people read it."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    sender_name: str = Field(
        default=NAV.name, description="who writes: the last line of e-mails and letters"
    )
    login_place: str = Field(
        default=NAV.login_place,
        description="where an employee logs in, in words that hold in every language",
    )
    login_place_employer: str = Field(
        default=NAV.login_place_employer, description="where a line manager logs in"
    )

    @field_validator("sender_name", "login_place", "login_place_employer")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if fault := name_fault(name):
            raise ValueError(fault)
        return name

    @property
    def sender(self) -> Sender:
        """The three of them, for the words."""
        return Sender(self.sender_name, self.login_place, self.login_place_employer)
