"""The notifier's own variables (contract 12): a transport and its address for each kind of channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from schemas.codes import is_code
from services.notifier.domain.addresses import email_address
from services.notifier.gateways.gateway_settings import GatewaySettings
from services.notifier.gateways.transport import TransportSlot
from services.notifier.registers.krr import KrrSettings
from services.notifier.registers.line_managers import LineManagerSettings
from services.notifier.sender_settings import SenderSettings
from services.notifier.transports import chosen, names_of
from services.runtime.setting_kinds import CertificateFile, Host
from services.runtime.settings import InvalidSettings, ServiceSettings, load_settings

_SLOTS: dict[str, TransportSlot] = {
    "sms_transport": "sms",
    "email_transport": "email",
    "letter_transport": "letter",
    "adviser_task_transport": "adviser_task",
    "employer_transport": "employer",
}
_OWN: dict[TransportSlot, tuple[str, ...]] = {
    "sms": ("kafka",),
    "email": ("kafka", "smtp"),
    "letter": ("kafka",),
    "adviser_task": ("kafka",),
    "employer": ("email",),
}


class NotifierSettings(ServiceSettings, SenderSettings):
    """Every variable of `stoppunkt notifier run`."""

    sms_transport: str = Field(
        default="kafka", description=f"kafka: stoppunkt.sms.v1; or {', '.join(names_of('sms'))}"
    )
    email_transport: str = Field(
        default="kafka",
        description="kafka: stoppunkt.email.v1; smtp: the server below; or "
        + ", ".join(names_of("email")),
    )
    employer_transport: str = Field(
        default="email",
        description="email: as EMAIL_TRANSPORT; for employers alone: "
        + ", ".join(names_of("employer")),
    )
    letter_transport: str = Field(
        default="kafka",
        description="kafka: stoppunkt.letters.v1; or " + ", ".join(names_of("letter")),
    )
    adviser_task_transport: str = Field(
        default="kafka",
        description="kafka: stoppunkt.adviser-tasks.v1; or " + ", ".join(names_of("adviser_task")),
    )
    contact_register: Literal["kafka", "krr"] = Field(
        default="kafka",
        description="kafka: stoppunkt.contacts.v1; krr: asked too, at every attempt",
    )
    line_manager_register: Literal["kafka", "nav"] = Field(
        default="kafka",
        description="kafka: stoppunkt.contacts.v1; nav: asked too, at every attempt",
    )
    smtp_host: Host | None = Field(default=None, description="the mail server")
    smtp_port: int = Field(
        default=587, ge=1, le=65535, description="the mail server's port; 465 is usual with tls"
    )
    smtp_tls: Literal["tls", "starttls", "none"] = Field(
        default="starttls", description="none only for a server on the same machine"
    )
    smtp_ca_path: CertificateFile | None = Field(
        default=None, description="PEM file; else the system's"
    )
    smtp_username: str | None = Field(default=None, description="with SMTP_PASSWORD or not at all")
    smtp_password: SecretStr | None = Field(
        default=None, description="with SMTP_USERNAME; never sent without TLS"
    )
    smtp_sender: str | None = Field(default=None, description="the address that mail comes from")
    special_office: str = Field(
        default="2103", description="the office of people with a protected address"
    )
    contact_interval_hours: float = Field(
        default=24.0,
        ge=0,
        le=24.0 * 366,
        description="between two messages to one recipient about one person",
    )
    channel_ceiling_per_hour: int = Field(
        default=500, ge=1, description="messages to people per channel and hour; the rest waits"
    )

    @property
    def contact_interval(self) -> timedelta:
        """`contact_interval_hours` as a duration."""
        return timedelta(hours=self.contact_interval_hours)

    @property
    def transports(self) -> tuple[tuple[TransportSlot, str], ...]:
        """What is chosen for each kind, and for employers where that is another."""
        return (
            ("sms", self.sms_transport),
            ("email", self.email_transport),
            ("letter", self.letter_transport),
            ("adviser_task", self.adviser_task_transport),
            ("employer", self.employer_transport),
        )

    @field_validator(*_SLOTS)
    @classmethod
    def _is_a_transport(cls, name: str, info: ValidationInfo) -> str:
        slot = _SLOTS[info.field_name or ""]
        known = (*_OWN[slot], *names_of(slot))
        if name not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return name

    @model_validator(mode="after")
    def _gateways_are_whole(self) -> Self:
        """Their own variables are read here too, so that a fault in them ends the start with its sentence."""
        faults = []
        for kind in self._gateways():
            try:
                load_settings(kind)
            except InvalidSettings as error:
                faults.append(str(error))
        if faults:
            raise ValueError("\n".join(faults))
        if self.employer_transport != "email" and self.email_transport == "smtp":
            # A sent mail cannot be taken back, a notification can: one of the two would be a lie.
            raise ValueError("EMPLOYER_TRANSPORT goes with an EMAIL_TRANSPORT that can take back")
        return self

    @field_validator("special_office")
    @classmethod
    def _is_an_office(cls, office: str) -> str:
        if not is_code(office):
            raise ValueError("must be the number of an office")
        return office

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
        for kind in self._gateways():
            own += load_settings(kind).weaknesses()
        return super().weaknesses() + own

    def _gateways(self) -> list[type[GatewaySettings]]:
        """The variables of everybody who is called over HTTP, or written to in another's format."""
        kinds = [transport.settings for transport in chosen(self.transports).values()]
        if self.contact_register == "krr":
            kinds.append(KrrSettings)
        if self.line_manager_register == "nav":
            kinds.append(LineManagerSettings)
        return list(dict.fromkeys(kinds))
