"""`stoppunkt rulebook check|show`: what is wrong is pointed at with file and line; what is right is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import app
from services.scheduler.rulebook_file import shipped_names

RULEBOOK = """\
name = "ours"
version = "1"

[[checkpoint]]
name = "tea_and_talk"
source = "practice: ours"
to = ["line_manager"]
step = [
  { name = "invite", day = 3 },
  { name = "hold", day = 10, tell = "before" },
]

[office.0219]
"tea_and_talk.hold.day" = 12
"""
SUSPENDED = (
    RULEBOOK
    + """
[[suspend]]
steps = ["tea_and_talk.invite"]
from = 2020-03-12
until = 2020-06-15
source = "practice: a national stop"

[[suspend]]
steps = ["tea_and_talk.*"]
from = 2021-01-01
until = 2021-01-31
source = "practice: the office is shut"
office = "0301"
"""
)


def rulebook(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rulebook", *arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ours.toml"
    path.write_text(RULEBOOK)
    return path


@pytest.mark.parametrize("name", shipped_names())
def test_every_rulebook_that_is_shipped_is_right_and_can_be_shown(name: str) -> None:
    assert rulebook("check", name).exit_code == 0
    assert rulebook("show", name).exit_code == 0
    assert json.loads(rulebook("show", name, "--json").stdout)["name"] == name


def test_a_right_rulebook_is_said_to_be_right(file: Path) -> None:
    result = rulebook("check", str(file))

    assert result.exit_code == 0
    assert "ours 1 is right: 1 checkpoints, 2 steps, rules of their own for 0219" in result.stdout


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (('tell = "before"', 'tell = "after"'), 10),
        (('source = "practice: ours"\n', ""), 5),
        (("day = 3", "days = 3"), 9),
        (('version = "1"', "version = 1"), 2),
        (('"tea_and_talk.hold.day"', '"tea_and_talk.drink.day"'), 14),
        (("[[checkpoint]]", "[[checkpoint]"), 4),
    ],
)
def test_a_fault_is_printed_with_file_and_line(
    file: Path, wrong: tuple[str, str], line: int
) -> None:
    file.write_text(RULEBOOK.replace(*wrong))

    result = rulebook("check", str(file))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{file}:{line}: ")


@pytest.mark.parametrize(
    ("wrong", "line", "says"),
    [
        (("tea_and_talk.*", "tea_and_walk.*"), 23, "'tea_and_walk.*', which is no step"),
        (("tea_and_talk.*", "tea_and_talk"), 23, "'tea_and_talk', which is no step"),
        (("2020-03-12", "2020-06-16"), 19, "ends before it begins"),
        (('source = "practice: the office is shut"\n', ""), 22, "'source' is missing"),
        (('"practice: a national stop"', '" "'), 20, "'source'"),
        (('office = "0301"', 'offices = "0301"'), 27, "'offices' is not a word"),
        (('steps = ["tea_and_talk.invite"]', "steps = []"), 17, "'steps'"),
        (("from = 2020-03-12", 'from = "2020-03-12"'), 18, "'from'"),
        (("until = 2021-01-31", "until = 2021-01-31T00:00:00"), 25, "'until'"),
    ],
)
def test_a_suspension_that_cannot_be_meant_is_refused_with_its_line(
    file: Path, wrong: tuple[str, str], line: int, says: str
) -> None:
    file.write_text(SUSPENDED.replace(*wrong))

    result = rulebook("check", str(file))

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}:{line}: ")
    assert says in result.stderr


def test_suspensions_are_counted_and_shown(file: Path) -> None:
    file.write_text(SUSPENDED)

    checked, shown = rulebook("check", str(file)), rulebook("show", str(file))
    as_data = json.loads(rulebook("show", str(file), "--json").stdout)

    assert "2 steps, 2 suspensions, rules of their own for 0219, 0301" in checked.stdout
    assert "suspended 2020-03-12 to 2020-06-15  practice: a national stop" in shown.stdout
    assert "suspended 2021-01-01 to 2021-01-31, office 0301" in shown.stdout
    assert "tea_and_talk.*" in shown.stdout
    assert as_data["suspensions"][1] == {
        "steps": ["tea_and_talk.*"],
        "from": "2021-01-01",
        "until": "2021-01-31",
        "source": "practice: the office is shut",
        "office": "0301",
    }


def test_an_order_that_the_law_does_not_allow_is_refused(file: Path) -> None:
    """contract 4: question < assess < last day to summon < deadline."""
    file.write_text(
        'name = "ours"\nversion = "1"\n'
        '[[checkpoint]]\nname = "meeting_need"\nsource = "x"\nto = ["employee"]\n'
        'step = [{ name = "question", day = 120 }]\n'
        '[[checkpoint]]\nname = "dialogue_meeting_2_assessment"\nsource = "x"\nto = ["adviser"]\n'
        'step = [{ name = "assess", day = 112 }]\n'
    )

    result = rulebook("check", str(file))

    assert result.exit_code == 1
    assert "must come before dialogue_meeting_2_assessment.assess" in result.stderr


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    assert rulebook("check", str(tmp_path / "missing.toml")).exit_code == 2


def test_what_is_shown_says_when_to_whom_and_by_which_source(file: Path) -> None:
    shown = rulebook("show", str(file)).stdout

    assert "practice: ours" in shown
    assert "day 3" in shown
    assert "line_manager" in shown
    assert "tea_and_talk.hold.day = 12" in shown


def test_as_data_a_step_has_all_that_it_inherits_and_offices_what_they_have_of_their_own(
    file: Path,
) -> None:
    shown = json.loads(rulebook("show", str(file), "--json").stdout)

    [checkpoint] = shown["checkpoints"]
    assert checkpoint["source"] == "practice: ours"
    assert [step["to"] for step in checkpoint["steps"]] == [["line_manager"]] * 2
    assert shown["offices"] == {
        "0219": {"tea_and_talk.hold.day": 12, "tea_and_talk.hold.offset_days": 12}
    }
