"""A service's settings: environment variables, validated once, at start.

Nothing here reads the environment at import. A service subclasses `ServiceSettings`, adds its own
variables, and calls `load_settings`; a fault ends the start with one sentence a variable that names
the variable and the fault and never the value, which may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.ids import key_fingerprint, person_hash
from services.runtime.setting_kinds import (
    CertificateFile,
    DatabaseUrl,
    Host,
    KafkaServers,
    ReadableFile,
    StrongKey,
    WebAddress,
    key_fault,
)

KafkaProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

_TOPIC_PREFIX = re.compile(r"^[a-zA-Z0-9._-]{0,100}$")
_LOOPBACK = ("127.", "localhost", "[::1]")
# A hundred years: what is farther away is a slip, and soon no instant at all.
CLOCK_OFFSET_SECONDS_MAX = 100 * 366 * 86_400.0

# An adviser is shown the cases of the last 36 months (contract 4.4), and what is forgotten never comes back.
RETENTION_MONTHS_MIN = 37
RETENTION_MONTHS_MAX = 1200

# pydantic's types of faults in our own words, which follow the variable's name.
_WORDS = {
    "missing": "is not given",
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt:.16g}",
    "greater_than_equal": "must be {ge:.16g} or more",
    "less_than_equal": "must be {le:.16g} or less",
    "string_too_short": "must have {min_length} characters or more",
    "string_too_long": "must have {max_length} characters or fewer",
    "value_error": "{error}",
}


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

    database_url: DatabaseUrl = Field(
        description="PostgreSQL: postgresql://role:password@host:port/database"
    )
    kafka_bootstrap_servers: KafkaServers = Field(
        description="Kafka: host:port, separated by commas"
    )
    kafka_idempotence: bool = Field(
        default=True, description="false only for brokers that cannot, such as the embedded one"
    )
    kafka_security_protocol: KafkaProtocol = Field(
        default="PLAINTEXT", description="how Kafka is reached; anything but SSL is in the clear"
    )
    kafka_ca_path: CertificateFile | None = Field(
        default=None, description="PEM file of the broker's CA"
    )
    kafka_certificate_path: CertificateFile | None = Field(
        default=None, description="PEM file, mutual TLS"
    )
    kafka_private_key_path: ReadableFile | None = Field(
        default=None, description="PEM file, mutual TLS"
    )
    kafka_sasl_mechanism: SaslMechanism = Field(
        default="SCRAM-SHA-512", description="how the user name and password are proved, with SASL"
    )
    kafka_sasl_username: str | None = Field(default=None, description="required with SASL")
    kafka_sasl_password: SecretStr | None = Field(default=None, description="required with SASL")
    topic_prefix: str = Field(
        default="", description="before every topic and group; empty in production"
    )
    pseudonym_key: StrongKey = Field(
        description="secret key of the keyed hash that stands for a person"
    )
    retention_months: int = Field(
        default=37,
        le=RETENTION_MONTHS_MAX,
        description="how long after the end of their last case people are remembered; the same for both services",
    )
    clock_offset_seconds: float = Field(
        default=0.0,
        ge=-CLOCK_OFFSET_SECONDS_MAX,
        le=CLOCK_OFFSET_SECONDS_MAX,
        description="added to PostgreSQL's clock, for drills and tests",
    )
    schema_registry_url: WebAddress | None = Field(
        default=None,
        description="where Avro schemas are asked for; without it those shipped are used",
    )
    log_level: LogLevel = Field(
        default="INFO", description="ours; other libraries' is never below INFO"
    )
    log_form: Literal["json", "console"] = Field(
        default="json", description="console is for people"
    )
    health_host: Host = Field(default="127.0.0.1", description="0.0.0.0 in a container")
    health_port: int = Field(
        default=8080, ge=0, le=65535, description="0 takes a free one and logs it"
    )
    graceful_timeout_seconds: float = Field(
        default=20.0, gt=0, le=300, description="what a stop may take before it is cut short"
    )

    @field_validator("topic_prefix")
    @classmethod
    def _is_part_of_a_topic_name(cls, prefix: str) -> str:
        if not _TOPIC_PREFIX.match(prefix):
            raise ValueError("may have letters, digits, '.', '_' and '-' only, at most 100")
        return prefix

    @field_validator("retention_months")
    @classmethod
    def _keeps_what_advisers_are_shown(cls, months: int) -> int:
        if months < RETENTION_MONTHS_MIN:
            raise ValueError(
                f"must be {RETENTION_MONTHS_MIN} or more: advisers are shown the cases of the last 36 months,"
                " and what is forgotten never comes back"
            )
        return months

    @model_validator(mode="after")
    def _security_is_whole(self) -> Self:
        sasl = self.kafka_security_protocol.startswith("SASL")
        if sasl and not (self.kafka_sasl_username and self.kafka_sasl_password):
            raise ValueError(
                "KAFKA_SECURITY_PROTOCOL with SASL needs KAFKA_SASL_USERNAME and"
                " KAFKA_SASL_PASSWORD"
            )
        certificate, key = self.kafka_certificate_path, self.kafka_private_key_path
        if (certificate is None) != (key is None):
            raise ValueError(
                "KAFKA_CERTIFICATE_PATH and KAFKA_PRIVATE_KEY_PATH go together or not at all"
            )
        if certificate is not None and key is not None and (fault := key_fault(certificate, key)):
            raise ValueError(f"KAFKA_PRIVATE_KEY_PATH: {fault}")
        return self

    def hash_of(self, person_id: str) -> bytes:
        """The keyed hash that stands for a person in this deployment (contract 14.2)."""
        return person_hash(self.pseudonym_key.get_secret_value().encode(), person_id)

    def key_fingerprint(self) -> bytes:
        """What tables know PSEUDONYM_KEY by (contract 12)."""
        return key_fingerprint(self.pseudonym_key.get_secret_value().encode())

    def weaknesses(self) -> list[str]:
        """What works but should not be so in production: one sentence each, without values."""
        remote = [
            address
            for address in self.kafka_bootstrap_servers.split(",")
            if not address.startswith(_LOOPBACK)
        ]
        if remote and not self.kafka_security_protocol.endswith("SSL"):
            return ["KAFKA_SECURITY_PROTOCOL sends health data to another host in the clear"]
        return []


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(kind: type[SettingsT]) -> SettingsT:
    """The environment as `kind`; raises `InvalidSettings`, whose text is safe to print."""
    try:
        return kind()
    except ValidationError as error:
        faults = [
            _sentences(fault["loc"], fault["type"], fault.get("ctx", {}))
            for fault in error.errors(include_url=False, include_input=False)
        ]
    raise InvalidSettings("\n".join(faults))


def _sentences(location: tuple[int | str, ...], kind: str, context: Mapping[str, object]) -> str:
    words = _WORDS.get(kind, "cannot be used").format(**context)
    # A fault that concerns several variables has no location; its sentences name them.
    text = f"{'.'.join(str(part).upper() for part in location)}: {words}" if location else words
    return text if text.endswith(".") else f"{text}."
