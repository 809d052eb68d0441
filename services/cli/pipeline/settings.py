"""The settings of one run of the pipeline: what it is given, and nothing of the environment."""

from __future__ import annotations

import secrets

from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from services.cli.fold import PUBLIC_PSEUDONYM_KEY
from services.notifier.settings import NotifierSettings


class RunSettings(NotifierSettings):
    """Settings that read no environment variable: in a shell set up for production, a replay must send no real mail."""

    # The public key of `plan`, which no service starts with.
    pseudonym_key: SecretStr

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the caller gives, and nothing else."""
        return (init_settings,)


def settings_for(
    database_url: str, kafka_bootstrap_servers: str, *, topic_prefix: str | None = None
) -> RunSettings:
    """Settings of one run: its own topics and groups, and the public key of `plan`."""
    return RunSettings.model_validate(
        {
            "database_url": database_url,
            "kafka_bootstrap_servers": kafka_bootstrap_servers,
            "kafka_idempotence": False,  # the embedded broker cannot
            "topic_prefix": topic_prefix or f"run-{secrets.token_hex(4)}.",
            "pseudonym_key": PUBLIC_PSEUDONYM_KEY,
        }
    )
