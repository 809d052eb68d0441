"""A service's settings: environment variables, validated once, at start.

Nothing here reads the environment at import. A service subclasses `ServiceSettings`, adds its own
variables, and calls `load_settings`; a fault ends the start with one sentence a variable that names
the variable and the fault and never the value, which may be a secret.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.ids import key_fingerprint, person_hash

KafkaProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

_HOST_AND_PORT = re.compile(r"^(\[[0-9a-fA-F:]+\]|[^\s:,/]+):\d{1,5}$")
_TOPIC_PREFIX = re.compile(r"^[a-zA-Z0-9._-]{0,100}$")
_LOOPBACK = ("127.", "localhost", "[::1]")
# A keyed hash is as secret as its key (contract 14.2): 32 bytes is what HMAC-SHA-256 can use in full.
_STRONG_KEY_CHARACTERS = 32


class InvalidSettings(Exception):
    """A setting cannot be used, by itself or with what it meets: a file, a port, the tables that are there.

    The text has one sentence a line, which begins with the variable and holds no secret: it is logged and printed. A
    service's `start` may raise it too; the service then ends with exit code 2 and has begun nothing.
    """


class ServiceSettings(BaseSettings):
    """The variables every service has (contract 12). Names of fields in capitals are the variables."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        # pydantic's messages quote what they refuse: a database URL has a password in it.
        hide_input_in_errors=True,
        # `X=` in a compose file means "not given".
        env_ignore_empty=True,
    )

    database_url: SecretStr = Field(
        description="PostgreSQL: postgresql://role:password@host:port/database"
    )
    kafka_bootstrap_servers: str = Field(description="Kafka: host:port, separated by commas")
    kafka_idempotence: bool = Field(
        default=True, description="false only for brokers that cannot, such as the embedded one"
    )
    kafka_security_protocol: KafkaProtocol = Field(
        default="PLAINTEXT", description="how Kafka is reached; anything but SSL is in the clear"
    )
    kafka_ca_path: Path | None = Field(default=None, description="PEM file of the broker's CA")
    kafka_certificate_path: Path | None = Field(default=None, description="PEM file, mutual TLS")
    kafka_private_key_path: Path | None = Field(default=None, description="PEM file, mutual TLS")
    kafka_sasl_mechanism: SaslMechanism = Field(
        default="SCRAM-SHA-512", description="how the user name and password are proved, with SASL"
    )
    kafka_sasl_username: str | None = Field(default=None, description="required with SASL")
    kafka_sasl_password: SecretStr | None = Field(default=None, description="required with SASL")
    topic_prefix: str = Field(
        default="", description="before every topic and group; empty in production"
    )
    pseudonym_key: SecretStr = Field(
        description="secret key of the keyed hash that stands for a person"
    )
    clock_offset_seconds: float = Field(
        default=0.0, description="added to PostgreSQL's clock, for drills and tests"
    )
    schema_registry_url: str | None = Field(
        default=None,
        description="where Avro schemas are asked for; without it those shipped are used",
    )
    log_level: LogLevel = Field(
        default="INFO", description="ours; other libraries' is never below INFO"
    )
    log_form: Literal["json", "console"] = Field(
        default="json", description="console is for people"
    )
    health_host: str = Field(default="127.0.0.1", description="0.0.0.0 in a container")
    health_port: int = Field(
        default=8080, ge=0, le=65535, description="0 takes a free one and logs it"
    )
    graceful_timeout_seconds: float = Field(
        default=20.0, gt=0, le=300, description="what a stop may take before it is cut short"
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
            raise ValueError("must be postgresql://… with the name of a database")
        return url

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _are_addresses(cls, servers: str) -> str:
        addresses = [address.strip() for address in servers.split(",")]
        if not all(_HOST_AND_PORT.match(address) for address in addresses):
            raise ValueError("must be host:port, separated by commas")
        return ",".join(addresses)

    @field_validator("topic_prefix")
    @classmethod
    def _is_part_of_a_topic_name(cls, prefix: str) -> str:
        if not _TOPIC_PREFIX.match(prefix):
            raise ValueError("may have letters, digits, '.', '_' and '-' only, at most 100")
        return prefix

    @field_validator("pseudonym_key")
    @classmethod
    def _is_not_blank(cls, key: SecretStr) -> SecretStr:
        if not key.get_secret_value().strip():
            raise ValueError("must not be blank")
        return key

    @model_validator(mode="after")
    def _security_is_whole(self) -> Self:
        sasl = self.kafka_security_protocol.startswith("SASL")
        if sasl and not (self.kafka_sasl_username and self.kafka_sasl_password):
            raise ValueError(
                "KAFKA_SECURITY_PROTOCOL with SASL needs KAFKA_SASL_USERNAME and"
                " KAFKA_SASL_PASSWORD"
            )
        if (self.kafka_certificate_path is None) != (self.kafka_private_key_path is None):
            raise ValueError(
                "KAFKA_CERTIFICATE_PATH and KAFKA_PRIVATE_KEY_PATH go together or not at all"
            )
        return self

    def hash_of(self, person_id: str) -> bytes:
        """The keyed hash that stands for a person in this deployment (contract 14.2)."""
        return person_hash(self.pseudonym_key.get_secret_value().encode(), person_id)

    def key_fingerprint(self) -> bytes:
        """What tables know PSEUDONYM_KEY by (contract 12)."""
        return key_fingerprint(self.pseudonym_key.get_secret_value().encode())

    def weaknesses(self) -> list[str]:
        """What works but should not be so in production: one sentence each, without values."""
        weaknesses = []
        remote = [
            address
            for address in self.kafka_bootstrap_servers.split(",")
            if not address.startswith(_LOOPBACK)
        ]
        if remote and not self.kafka_security_protocol.endswith("SSL"):
            weaknesses.append(
                "KAFKA_SECURITY_PROTOCOL sends health data to another host in the clear"
            )
        if len(self.pseudonym_key.get_secret_value()) < _STRONG_KEY_CHARACTERS:
            weaknesses.append(f"PSEUDONYM_KEY is shorter than {_STRONG_KEY_CHARACTERS} characters")
        return weaknesses


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(kind: type[SettingsT]) -> SettingsT:
    """The environment as `kind`; raises `InvalidSettings`, whose text is safe to print."""
    try:
        return kind()
    except ValidationError as error:
        faults = [
            _sentence(fault["loc"], fault["msg"])
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    raise InvalidSettings("\n".join(faults))


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    fault = message.removeprefix("Value error, ")
    # A fault that concerns several variables has no location; its sentence names them.
    return f"{'.'.join(str(part).upper() for part in location)}: {fault}" if location else fault
