"""The one entry point: every command explains itself, is quick to start, and ends truthfully (contract 11, 12)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from services.cli.main import app

COMMANDS = [
    ("demo",),
    ("replay",),
    ("plan",),
    ("check",),
    ("explain",),
    ("replan",),
    ("forecast",),
    ("status",),
    ("pause",),
    ("resume",),
    ("dry-run",),
    ("erase",),
    ("settings",),
    ("rulebook", "check"),
    ("rulebook", "show"),
    ("scheduler", "run"),
    ("scheduler", "migrate"),
    ("notifier", "run"),
    ("notifier", "migrate"),
    ("texts", "show"),
    ("dead-letters", "list"),
    ("dead-letters", "show"),
    ("dead-letters", "replay"),
    ("dead-letters", "resume"),
]
SERVICE_VARIABLES = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "PSEUDONYM_KEY")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])

    assert result.exit_code == 0
    assert "Example: " in result.stdout
    assert f"stoppunkt {' '.join(command)}" in " ".join(result.stdout.split())


def test_the_list_of_commands_is_whole() -> None:
    listed = CliRunner().invoke(app, ["--help"]).stdout

    for command in COMMANDS:
        assert f" {command[0]} " in listed


def test_help_loads_neither_kafka_nor_postgresql() -> None:
    """So that it is quick: what a command needs it imports when it runs."""
    script = (
        "import sys; from services.cli.main import app; app(['--help'], standalone_mode=False);"
        "print(sorted({'aiokafka', 'asyncpg', 'faststream', 'uvicorn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_is_wrong_use() -> None:
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2


def test_every_variable_is_listed_with_its_default_and_no_secret() -> None:
    result = CliRunner().invoke(app, ["settings", "--json"], env={"PSEUDONYM_KEY": "very-secret"})
    listed = {each["name"]: each for each in json.loads(result.stdout)}

    assert "very-secret" not in result.stdout
    for name in (*SERVICE_VARIABLES, "KAFKA_IDEMPOTENCE", "TOPIC_PREFIX", "CLOCK_OFFSET_SECONDS"):
        assert listed[name]["services"] == ["scheduler", "notifier"]
    always = {name for name, each in listed.items() if each["required"] and not each["read_where"]}
    assert always == set(SERVICE_VARIABLES)
    assert listed["SMS_GATEWAY_URL"]["read_where"] == "SMS_TRANSPORT=http"
    assert listed["RULEBOOK"]["services"] == ["scheduler"]
    assert listed["RULEBOOK"]["default"] == "standard"
    hidden = ("_TOKEN", "_PASSWORD", "_KEY", "DATABASE_URL")
    secret = {name for name, each in listed.items() if each["secret"]}
    assert secret == {name for name in listed if name.endswith(hidden)}
    assert {*SERVICE_VARIABLES} - {"KAFKA_BOOTSTRAP_SERVERS"} <= secret


def test_every_variable_says_what_it_means() -> None:
    """contract 12: listed by `stoppunkt settings`; a name in small letters explains nothing."""
    listed = json.loads(CliRunner().invoke(app, ["settings", "--json"]).stdout)

    unexplained = [v["name"] for v in listed if v["meaning"] == v["name"].lower().replace("_", " ")]
    assert unexplained == []


def test_settings_are_shown_readably() -> None:
    assert "DATABASE_URL" in CliRunner().invoke(app, ["settings"]).stdout


@pytest.mark.parametrize("service", ["scheduler", "notifier"])
@pytest.mark.parametrize("command", ["run", "migrate"])
def test_a_service_without_its_variables_is_wrong_use_and_names_them(
    service: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SERVICE_VARIABLES:
        monkeypatch.delenv(name, raising=False)

    result = CliRunner().invoke(app, [service, command])

    assert result.exit_code == 2
    for name in SERVICE_VARIABLES:
        assert name in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        *(
            ("explain", "x"),
            ("replan",),
            ("forecast",),
            ("status",),
            ("resume", "sms"),
            ("dry-run",),
        ),
        *(("pause", "sms", "--why", "x"), ("erase", "x", "--yes"), ("dead-letters", "list")),
        *(("dead-letters", "resume"), ("dead-letters", "replay", "--all")),
    ],
    ids=" ".join,
)
def test_an_operators_command_without_its_variables_is_wrong_use_and_names_them(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SERVICE_VARIABLES:
        monkeypatch.delenv(name, raising=False)

    result = CliRunner().invoke(app, command)

    assert (result.exit_code, result.stdout) == (2, "")
    for name in SERVICE_VARIABLES:
        assert name in result.stderr


def test_a_setting_that_is_wrong_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://somebody:hunter2@host/base")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("PSEUDONYM_KEY", "k" * 32)

    result = CliRunner().invoke(app, ["scheduler", "migrate"])

    assert result.exit_code == 2
    assert "DATABASE_URL" in result.stderr
    assert "hunter2" not in result.stderr


def test_a_rulebook_that_is_wrong_keeps_the_scheduler_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://role:secret@127.0.0.1:1/base")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:2")
    monkeypatch.setenv("PSEUDONYM_KEY", "k" * 32)
    monkeypatch.setenv("RULEBOOK", "no-such-rulebook")

    result = CliRunner().invoke(app, ["scheduler", "run"])

    assert result.exit_code == 2
    assert "no-such-rulebook" in result.stderr


def test_what_should_not_happen_is_told_by_class_and_place_and_not_in_its_words() -> None:
    """contract 8: an exception's text may quote a record."""
    script = (
        "from services.cli import exits\n"
        "def trouble(): raise ValueError('14838511253')\n"
        "exits.run(trouble)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert "14838511253" not in done.stderr
