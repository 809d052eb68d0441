"""The notifier's own variables (SPEC 12): a transport and its address for each kind of channel."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from services.notifier.domain.addresses import email_address
from services.runtime.settings import ServiceSettings


class NotifierSettings(ServiceSettings):
    """Everything `stoppunkt notifier run` is told from outside."""

    sms_transport: Literal["kafka"] = Field(default="kafka", description="stoppunkt.sms.v1")
    email_transport: Literal["kafka", "smtp"] = Field(
        default="kafka", description="kafka: stoppunkt.email.v1; smtp: the server below"
    )
    letter_transport: Literal["kafka"] = Field(default="kafka", description="stoppunkt.letters.v1")
    adviser_task_transport: Literal["kafka"] = Field(
        default="kafka", description="stoppunkt.adviser-tasks.v1"
    )
    smtp_host: str | None = Field(default=None)
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_tls: Literal["tls", "starttls", "none"] = Field(
        default="starttls", description="none only for a server on the same machine"
    )
    smtp_ca_path: Path | None = Field(default=None, description="PEM file; else the system's")
    smtp_username: str | None = Field(default=None)
    smtp_password: SecretStr | None = Field(default=None)
    smtp_sender: str | None = Field(default=None, description="the address that mail comes from")
    special_office: str = Field(
        default="2103", description="the office of people with a protected address"
    )
    contact_interval_hours: float = Field(
        default=24.0, ge=0, description="between two messages to one recipient about one person"
    )
    channel_ceiling_per_hour: int = Field(
        default=500, ge=1, description="messages to people per channel and hour; the rest waits"
    )

    @property
    def contact_interval(self) -> timedelta:
        """`contact_interval_hours` as a duration."""
        return timedelta(hours=self.contact_interval_hours)

    @field_validator("smtp_sender")
    @classmethod
    def _is_an_address(cls, sender: str | None) -> str | None:
        if sender is not None and email_address(sender) is None:
            raise ValueError("must be one e-mail address")
        return sender

    @model_validator(mode="after")
    def _smtp_is_whole(self) -> Self:
        if self.email_transport == "smtp" and not (self.smtp_host and self.smtp_sender):
            raise ValueError("EMAIL_TRANSPORT=smtp needs SMTP_HOST and SMTP_SENDER")
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("SMTP_USERNAME and SMTP_PASSWORD go together or not at all")
        if self.smtp_tls == "none" and self.smtp_username is not None:
            raise ValueError("SMTP_PASSWORD is never sent without TLS")
        return self

    def weaknesses(self) -> list[str]:
        """As for every service; and mail in the clear."""
        clear = self.email_transport == "smtp" and self.smtp_tls == "none"
        own = ["SMTP_TLS=none sends mail in the clear"] if clear else []
        return super().weaknesses() + own
