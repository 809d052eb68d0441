"""The one entry point: every command explains itself, starts fast, and ends with the right code (contract 11, 12)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner

from services.cli import main
from services.cli.main import app
from services.cli.operator.brake import Channel
from services.notifier.domain.delivery import ChannelName
from tests.support.paths import ROOT

COMMANDS = [
    ("demo",),
    ("replay",),
    ("plan",),
    ("check",),
    ("explain",),
    ("replan",),
    ("forecast",),
    ("portfolio",),
    ("figures",),
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
    ("texts", "table"),
    ("dead-letters", "list"),
    ("dead-letters", "show"),
    ("dead-letters", "replay"),
    ("dead-letters", "remove"),
    ("dead-letters", "resume"),
]
PRINTS_NO_DATA = {
    ("demo",): "a story",
    ("texts", "table"): "a page of Markdown; the words as data are `texts show --json`",
    ("pause",): "a sentence",
    ("resume",): "a sentence",
    ("scheduler", "run"): "a service",
    ("notifier", "run"): "a service",
    ("scheduler", "migrate"): "a line for each migration and topic",
    ("notifier", "migrate"): "a line for each migration and topic",
    ("dead-letters", "show"): "always JSON",
    ("dead-letters", "replay"): "a place a line",
    ("dead-letters", "remove"): "a place a line",
    ("dead-letters", "resume"): "a sentence",
}
"""Commands without `--json`, and what they print."""
PAGES = ("README.md", "docs/operators.md", "docs/rulebook.md", "docs/texts.md")
"""Where somebody looks for a command."""
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
    assert set(COMMANDS) == set(registered())


def registered() -> dict[tuple[str, ...], set[str]]:
    """Every command with its options."""
    return dict(_commands_below(typer.main.get_command(app), ()))


def _commands_below(
    command: object, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    if isinstance(command, typer.core.TyperGroup):
        for name, sub in command.commands.items():
            yield from _commands_below(sub, (*path, name))
    elif isinstance(command, typer.core.TyperCommand):
        yield path, {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("folder", ["commands", "operator"])
def test_every_file_of_commands_is_listed_in_main(folder: str) -> None:
    names = {path.stem for path in (ROOT / "services" / "cli" / folder).glob("*.py")} - {"__init__"}
    declared = {name: import_module(f"services.cli.{folder}.{name}").commands for name in names}

    assert len(declared) > 5
    assert [name for name, one in declared.items() if one not in main.COMMANDS] == []


@pytest.mark.parametrize("command", sorted(registered()), ids=" ".join)
def test_a_command_that_prints_data_prints_it_as_json_too(command: tuple[str, ...]) -> None:
    """contract 11: results on stdout, with `--json` for scripts."""
    assert ("--json" in registered()[command]) != (command in PRINTS_NO_DATA)


@pytest.mark.parametrize("command", sorted(registered()), ids=" ".join)
def test_every_command_has_a_line_in_the_documents(command: tuple[str, ...]) -> None:
    """As `stoppunkt status`, or alone in backticks."""
    pages = "\n".join((ROOT / page).read_text("utf-8") for page in PAGES)

    assert re.search(rf"(?:`|stoppunkt |make ){' '.join(command)}\b", pages)


def test_the_channels_of_the_brake_are_those_of_the_notifier() -> None:
    assert set(get_args(Channel)) == set(get_args(ChannelName))


def test_help_loads_no_heavy_library() -> None:
    """So that it is quick: what a command needs it imports when it runs."""
    script = (
        "import sys; from services.cli.main import app; app(['--help'], standalone_mode=False);"
        "heavy = {'aiokafka', 'asyncpg', 'asyncio', 'faststream', 'fastavro', 'pydantic', 'uvicorn'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_is_wrong_use() -> None:
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2


def test_every_variable_is_listed_with_its_default_and_no_secret() -> None:
    result = CliRunner().invoke(app, ["settings", "--json"], env={"PSEUDONYM_KEY": "very-secret"})
    listed = {variable["name"]: variable for variable in json.loads(result.stdout)}

    assert "very-secret" not in result.stdout
    for name in (*SERVICE_VARIABLES, "KAFKA_IDEMPOTENCE", "TOPIC_PREFIX", "CLOCK_OFFSET_SECONDS"):
        assert listed[name]["services"] == ["scheduler", "notifier"]
    always = {name for name, v in listed.items() if v["required"] and not v["read_where"]}
    assert always == set(SERVICE_VARIABLES)
    assert listed["SMS_GATEWAY_URL"]["read_where"] == "SMS_TRANSPORT=http"
    assert listed["RULEBOOK"]["services"] == ["scheduler"]
    assert listed["RULEBOOK"]["default"] == "standard"
    hidden = ("_TOKEN", "_PASSWORD", "_KEY", "DATABASE_URL")
    secret = {name for name, v in listed.items() if v["secret"]}
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
def test_a_service_that_could_not_read_a_compression_names_it_and_does_not_start(
    monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    from services.runtime.kafka import missing_codecs

    assert missing_codecs() == [], "the lock file has what every compression needs"
    assert "\ncramjam==" in (ROOT / "deploy" / "runtime.lock").read_text(), "and so has the image"
    for name in ("snappy", "zstd"):
        monkeypatch.setattr(f"aiokafka.codec.has_{name}", lambda: False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("PSEUDONYM_KEY", "a key that is for these tests alone")
    result = CliRunner().invoke(app, [service, "run"])
    assert result.exit_code == 2
    assert "compressed with snappy, zstd could not be read" in result.stderr


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
            ("portfolio",),
            ("status",),
            ("resume", "sms"),
            ("dry-run",),
        ),
        *(("pause", "sms", "--why", "x"), ("erase", "x", "--yes"), ("dead-letters", "list")),
        *(("dead-letters", "resume"), ("dead-letters", "replay", "--all")),
        ("dead-letters", "remove", "--all"),
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
    monkeypatch.setenv("PSEUDONYM_KEY", "a key that is for these tests alone")

    result = CliRunner().invoke(app, ["scheduler", "migrate"])

    assert result.exit_code == 2
    assert "DATABASE_URL" in result.stderr
    assert "hunter2" not in result.stderr


def test_an_unexpected_error_is_printed_by_class_and_place_and_not_in_its_words() -> None:
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
