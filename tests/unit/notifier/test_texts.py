"""What people read: the shipped words, on any date, in all three languages (contract 6.5)."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from schemas.messages import Language, Role
from services.cli.main import app
from services.notifier.domain.words.dates import MessageDates
from services.notifier.domain.words.rules import septets, written
from services.notifier.domain.words.texts import Sender
from services.notifier.texts_folder import load_texts
from tests.support.paths import ROOT

RULEBOOKS = ROOT / "services" / "scheduler" / "rulebooks"
TEXTS = load_texts()
LANGUAGES: tuple[Language, ...] = get_args(Language)
MONDAY = date(2026, 1, 5)


def on(due_on: date, *, start: date | None = None, legal_on: date | None = None) -> MessageDates:
    """Of a message that leaves on the step's own date; the case began on that date too where nothing is said."""
    return MessageDates(due_on, start or due_on, legal_on, leaves_on=due_on)


AT_ONCE = on(MONDAY)


def rulebook(name: str) -> dict[str, Any]:
    return tomllib.loads((RULEBOOKS / f"{name}.toml").read_text("utf-8"))


def goes_to() -> list[tuple[str, str, Role]]:
    """Every (checkpoint, step, role) of every shipped rulebook."""
    return sorted(
        {
            (checkpoint["name"], step["name"], role)
            for file in RULEBOOKS.glob("*.toml")
            for checkpoint in rulebook(file.stem)["checkpoint"]
            for step in checkpoint["step"]
            for role in step.get("to", checkpoint.get("to", []))
        }
    )


def days_of(name: str) -> dict[str, dict[str, Any]]:
    """The steps of a rulebook by `checkpoint.step`."""
    return {
        f"{checkpoint['name']}.{step['name']}": step
        for checkpoint in rulebook(name)["checkpoint"]
        for step in checkpoint["step"]
    }


def written_for(*roles: Role) -> list[tuple[str, str, Role]]:
    return [
        (checkpoint, step, role)
        for checkpoint, words in TEXTS.checkpoints.items()
        for step in words.step
        for role in roles
        if TEXTS.has(checkpoint, step, role)
    ]


@pytest.mark.parametrize("words_for", goes_to(), ids=".".join)
def test_every_step_of_the_shipped_rulebooks_has_words_of_its_own(
    words_for: tuple[str, str, Role],
) -> None:
    assert TEXTS.has(*words_for)


def test_no_words_are_left_over_for_a_step_that_no_rulebook_has() -> None:
    written_words = {
        words_for for words_for in written_for(*get_args(Role)) if not words_for[0].startswith("_")
    }
    assert written_words == set(goes_to())


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.integers(0, 200))
def test_an_sms_is_one_sms_on_any_date(due_on: date, day: int) -> None:
    for checkpoint, step, role in written_for("employee"):
        for language in LANGUAGES:
            dates = on(due_on, start=due_on - timedelta(days=day))
            text = TEXTS.sms(checkpoint, step, role, language, dates)
            assert 0 < septets(text) <= 160
            assert "$" not in text


@pytest.mark.parametrize("words_for", written_for("employee", "line_manager"), ids=".".join)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_says_by_which_date_or_the_file_says_why_not(
    words_for: tuple[str, str, Role], language: Language
) -> None:
    checkpoint, step, role = words_for
    words = TEXTS.checkpoints[checkpoint].step[step]
    notice = TEXTS.notice(checkpoint, step, role, language, on(MONDAY, legal_on=MONDAY))
    assert bool(re.search(r"\d{1,2}\.? \w+ 2026", notice)) is (words.undated is None)


DATED = [
    words_for
    for words_for in written_for("employee", "line_manager")
    if TEXTS.checkpoints[words_for[0]].step[words_for[1]].undated is None
]
SOON = {"nb": "så snart", "nn": "så snart", "en": "as soon as"}


@pytest.mark.parametrize("words_for", DATED, ids=".".join)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_date_is_one_to_come_until_it_has_passed_and_then_one_that_was(
    words_for: tuple[str, str, Role], language: Language
) -> None:
    """contract 6.5: the title is true in both sets; a question names no date then."""
    checkpoint, step, _ = words_for
    words = TEXTS.checkpoints[checkpoint].step[step]
    on_the_day, the_day_after = (
        MessageDates(MONDAY, MONDAY, legal_on=MONDAY, leaves_on=MONDAY + timedelta(days=days))
        for days in (0, 1)
    )
    day = written(MONDAY, language)
    before = TEXTS.email(*words_for, language, on_the_day)
    after = TEXTS.email(*words_for, language, the_day_after)
    assert day in before.notice
    assert f"was {day}" not in before.notice
    assert f"var {day}" not in before.notice
    assert SOON[language] in after.notice
    assert not re.search("frist|deadline", after.subject, re.IGNORECASE)
    if words.asks or words.only_legal:
        assert day not in after.notice
        assert TEXTS.date_named(*words_for, the_day_after) is None
    else:
        assert re.search(rf"\b(var|was) {re.escape(day)}[.,]", after.notice)
        assert TEXTS.date_named(*words_for, the_day_after) == MONDAY


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_an_sms_whose_date_has_passed_is_one_sms_too(day: date) -> None:
    for checkpoint, step, role in written_for("employee"):
        for language in LANGUAGES:
            dates = MessageDates(day, day, legal_on=day, leaves_on=day + timedelta(days=1))
            assert 0 < septets(TEXTS.sms(checkpoint, step, role, language, dates)) <= 160


@pytest.mark.parametrize(
    ("leaves_on", "says"),
    [
        (date(2026, 4, 17), "Frist: 27. april 2026."),
        (date(2026, 4, 20), "Frist: 27. april 2026."),
        (date(2026, 4, 21), "så snart som mulig. Fristen er 27. april 2026."),
        (date(2026, 4, 27), "så snart som mulig. Fristen er 27. april 2026."),
        (date(2026, 4, 28), "så snart som mulig. Fristen var 27. april 2026."),
    ],
)
def test_a_letter_that_leaves_less_than_five_working_days_before_its_date_says_as_soon_as_possible(
    leaves_on: date, says: str
) -> None:
    """contract 6.5. It may be read when the date has passed, so it does not promise that there is time."""
    day = date(2026, 4, 27)
    dates = MessageDates(day, day, legal_on=day, leaves_on=leaves_on)
    letter = TEXTS.letter("follow_up_plan", "reminder", "nb", dates)
    assert says in letter.body
    assert letter.due_on == day


def test_a_letter_that_asks_names_no_date_where_the_answer_may_come_after_it() -> None:
    day = date(2026, 4, 26)
    dates = MessageDates(day, day, legal_on=day, leaves_on=date(2026, 4, 20))
    letter = TEXTS.letter("meeting_need", "question", "nb", dates)
    assert "2026" not in letter.body.split("\n\n")[1]
    assert letter.due_on is None
    assert "26. april 2026" in TEXTS.sms("meeting_need", "question", "employee", "nb", dates)


def test_a_request_for_the_plan_without_a_last_day_names_none() -> None:
    asked: tuple[str, str, Role] = ("plan_requested", "requested", "line_manager")
    assert TEXTS.date_named(*asked, on(MONDAY)) is None
    assert "så snart som mulig" in TEXTS.notice(*asked, "nb", on(MONDAY))
    assert "innen 5. januar 2026" in TEXTS.notice(*asked, "nb", on(MONDAY, legal_on=MONDAY))


def test_the_plan_and_meeting_1_are_the_employers_to_make_and_to_call() -> None:
    """aml § 4-6 (3), (4): the employee takes part (contract 6.5)."""
    for checkpoint, step in (
        ("follow_up_plan", "reminder"),
        ("follow_up_plan", "deadline"),
        ("dialogue_meeting_1", "deadline"),
    ):
        for day in (MONDAY, MONDAY - timedelta(days=1)):
            dates = on(MONDAY, legal_on=day)
            sms = TEXTS.sms(checkpoint, step, "employee", "nb", dates)
            assert re.match("(Bidra til|Ta del i) ", sms)
            assert re.search("[Aa]rbeidsgiveren din (skal|lager)", sms)


@pytest.mark.parametrize("words_for", written_for("employee", "line_manager"), ids=".".join)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_email_says_the_same_as_the_notice_and_each_line_of_its_guide_names_a_source(
    words_for: tuple[str, str, Role], language: Language
) -> None:
    checkpoint, step, role = words_for
    email = TEXTS.email(checkpoint, step, role, language, AT_ONCE)
    assert 0 < len(email.subject) <= 40
    assert TEXTS.notice(checkpoint, step, role, language, AT_ONCE) in email.text
    lines = [line for line in email.text.splitlines() if line.startswith("- ")]
    assert len(lines) == len(TEXTS.checkpoints[checkpoint].guide) > 0
    assert all(re.search(r" \((kilde|kjelde|source): [^)]+\)$", line) for line in lines)


def guide_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("- ")]


def test_the_guide_is_the_same_for_everybody() -> None:
    for checkpoint, step, _ in written_for("employee"):
        if TEXTS.has(checkpoint, step, "line_manager"):
            for language in LANGUAGES:
                employee = TEXTS.email(checkpoint, step, "employee", language, AT_ONCE)
                manager = TEXTS.email(checkpoint, step, "line_manager", language, AT_ONCE)
                letter = TEXTS.letter(checkpoint, step, language, AT_ONCE)
                assert guide_of(employee.text) == guide_of(manager.text) == guide_of(letter.body)


def test_the_question_in_week_16_asks_for_reasons_and_says_that_nav_may_call_a_meeting_all_the_same() -> (
    None
):
    parts = {line.part for line in TEXTS.checkpoints["meeting_need"].guide}
    assert parts == {"about", "prepare", "invite", "answer", "not_needed", "after"}
    text = TEXTS.email("meeting_need", "question", "employee", "en", AT_ONCE).text
    assert "Justify the answer" in text
    assert "Nav may call a meeting all the same" in text


def test_a_plan_reminder_names_the_last_day_of_the_four_weeks_whatever_day_it_reminds_on() -> None:
    """The law counts from the start; `employer-example` reminds on day 14 and `standard` on day 21 (contract 4)."""
    last_day = written(MONDAY + timedelta(days=27), "nb")
    for name in ("standard", "employer-example"):
        reminder = days_of(name)["follow_up_plan.reminder"]["day"]
        due_on = MONDAY + timedelta(days=reminder)
        for role in ("employee", "line_manager"):
            notice = TEXTS.notice(
                "follow_up_plan", "reminder", role, "nb", on(due_on, start=MONDAY)
            )
            assert last_day in notice


def test_an_activity_notice_names_the_last_day_of_the_eight_weeks_also_after_graded_weeks() -> None:
    for day, last_day in ((42, 55), (50, 55), (60, 73)):
        dates = on(MONDAY + timedelta(days=day), start=MONDAY)
        sms = TEXTS.sms("activity_requirement", "notice", "employee", "nb", dates)
        assert written(MONDAY + timedelta(days=last_day), "nb") in sms


def test_the_date_that_an_event_names_is_told_before_any_that_the_words_would_count() -> None:
    legal_on = date(2026, 3, 2)
    dates = on(MONDAY + timedelta(days=21), start=MONDAY, legal_on=legal_on)
    step = ("follow_up_plan", "reminder")
    assert TEXTS.date_named(*step, "employee", dates) == legal_on
    assert written(legal_on, "nb") in TEXTS.sms(*step, "employee", "nb", dates)


def test_words_without_a_date_name_none_and_neither_does_a_task() -> None:
    assert TEXTS.date_named("exemption_notice", "notice", "employee", AT_ONCE) is None
    assert TEXTS.date_named("dialogue_meeting_2", "deadline", "adviser", AT_ONCE) is None


def test_the_days_in_the_texts_are_those_of_the_standard_rulebook() -> None:
    steps, words = days_of("standard"), TEXTS.checkpoints
    plan, activity = (
        words["follow_up_plan"].step["reminder"],
        words["activity_requirement"].step["notice"],
    )
    assert plan.last_case_day == steps["follow_up_plan.deadline"]["day"]
    assert activity.last_case_day == steps["activity_requirement.assess"]["day"]
    for words_for, deadline in (
        ("follow_up_plan.reminder", steps["follow_up_plan.deadline"]["day"]),
        ("dialogue_meeting_1.reminder", steps["dialogue_meeting_1.deadline"]["day"]),
        ("activity_requirement.notice", steps["activity_requirement.assess"]["day"]),
        ("meeting_need.question", steps["dialogue_meeting_2_assessment.assess"]["day"] - 1),
        ("meeting_need.reminder", steps["dialogue_meeting_2_assessment.assess"]["day"] - 1),
    ):
        checkpoint, step = words_for.split(".")
        assert steps[words_for]["day"] + words[checkpoint].step[step].last_day == deadline, (
            words_for
        )
    for words_for, from_anchor in (
        ("meeting_plan.first", -7),
        ("meeting_plan.second", -7),
        ("plan_requested.reminder", 0),
    ):
        checkpoint, step = words_for.split(".")
        assert steps[words_for]["days"] + words[checkpoint].step[step].last_day == from_anchor, (
            words_for
        )
    prepare = days_of("employer-example")["meeting_1_preparation.prepare"]
    assert prepare["days"] + words["meeting_1_preparation"].step["prepare"].last_day == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_checkpoint_that_nobody_wrote_words_for_is_told_generically(language: Language) -> None:
    sms = TEXTS.sms("return_talk", "invite", "employee", language, AT_ONCE)
    assert written(MONDAY, language) in sms
    assert re.search("logg inn|log in", sms, re.IGNORECASE)
    assert (
        written(MONDAY, language)
        in TEXTS.email("return_talk", "invite", "line_manager", language, AT_ONCE).text
    )
    assert (
        written(MONDAY, language) in TEXTS.letter("return_talk", "invite", language, AT_ONCE).body
    )
    assert TEXTS.step_title("return_talk", "invite", language)
    assert TEXTS.letter_template("return_talk", "invite") == "generic"


def test_a_step_that_an_own_rulebook_sends_to_somebody_else_is_told_generically() -> None:
    assert not TEXTS.has("follow_up_plan", "reminder", "adviser")
    assert TEXTS.step_title("follow_up_plan", "reminder", "nb") == "Følg opp et stoppunkt"


def test_a_letter_is_ordered_by_checkpoint_and_step() -> None:
    assert TEXTS.letter_template("meeting_need", "question") == "meeting_need.question"


def test_a_letter_tells_what_to_do_for_those_who_cannot_log_in() -> None:
    assert "Kan du ikke logge inn" in TEXTS.letter("meeting_need", "question", "nb", AT_ONCE).body


@pytest.mark.parametrize(
    ("language", "log_in"), [("nb", "Her logger du inn"), ("en", "Where to log in")]
)
def test_who_writes_and_where_to_log_in_is_said_as_it_was_set(
    language: Language, log_in: str
) -> None:
    """Each side has a place of its own to log in (contract 6.5)."""
    texts = load_texts(sender=Sender("Bedriftshelsa", "Kontoen din", "Lederkontoen"))
    question = ("meeting_need", "question")
    manager = texts.email(*question, "line_manager", language, AT_ONCE).text
    own = texts.email(*question, "employee", language, AT_ONCE).text
    letter = texts.letter(*question, language, AT_ONCE).body
    assert f"\n{log_in}: Lederkontoen.\n" in manager
    assert f"\n{log_in}: Kontoen din.\n" in own
    assert f"\n{log_in}: Kontoen din.\n" in letter
    for text in (manager, own, letter):
        assert text.rstrip("\n").endswith("\nBedriftshelsa")
        assert "Min side" not in text


def test_a_manager_is_told_where_the_name_is_and_an_employee_is_not() -> None:
    assert (
        "ingen navn"
        in TEXTS.email("follow_up_plan", "reminder", "line_manager", "nb", AT_ONCE).text
    )
    assert (
        "ingen navn"
        not in TEXTS.email("follow_up_plan", "reminder", "employee", "nb", AT_ONCE).text
    )


def test_an_exemption_notice_informs_asks_nothing_and_names_no_ground() -> None:
    sms = TEXTS.sms("exemption_notice", "notice", "employee", "en", AT_ONCE)
    assert sms.startswith(
        "For now, Nav is not calling you to a dialogue meeting. You may ask for one"
    )
    assert (
        "already done"
        not in TEXTS.email("exemption_notice", "notice", "employee", "en", AT_ONCE).text
    )


def test_activity_words_name_no_employer_as_people_without_one_get_them_too() -> None:
    for language in LANGUAGES:
        sms = TEXTS.sms("activity_requirement", "notice", "employee", language, AT_ONCE)
        assert not re.search("arbeidsgiv|employer", sms)


def test_the_notifiers_own_tasks_have_titles() -> None:
    for reason in ("no_line_manager", "protected", "undelivered"):
        for language in LANGUAGES:
            title = TEXTS.task_title(reason, language)
            assert title != TEXTS.step_title("return_talk", "invite", language)
            assert len(title) <= 40


def test_advisers_get_tasks_and_managers_no_sms() -> None:
    with pytest.raises(ValueError, match="a task has a title only"):
        TEXTS.email("dialogue_meeting_2", "deadline", "adviser", "nb", AT_ONCE)
    with pytest.raises(ValueError, match="only an employee"):
        TEXTS.sms("follow_up_plan", "reminder", "line_manager", "nb", AT_ONCE)


def show(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["texts", "show", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_texts_show_shows_all_languages_as_a_person_sees_them() -> None:
    code, out, _ = show()
    assert code == 0
    for language in LANGUAGES:
        assert f"=== meeting_need.question · employee · {language} ===" in out
    assert re.search(r"SMS \(\d+ of 160 septets\): Svar på om du ønsker", out)
    assert "--- letter meeting_need.question: " in out


def test_texts_show_of_one_step_in_one_language_is_data_with_json() -> None:
    code, out, _ = show(
        "meeting_need.question", "--language", "nn", "--json", "--due-on", "2026-04-20"
    )
    employee, manager = json.loads(out)
    assert code == 0
    assert (employee["role"], manager["role"]) == ("employee", "line_manager")
    assert employee["sms_septets"] == septets(employee["sms"])
    assert "20. april 2026" in employee["sms"]
    assert manager["sms"] is manager["letter"] is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_show_shows_both_sets_of_every_step_and_when_the_second_is_used(
    language: Language,
) -> None:
    _, out, _ = show("--language", language, "--json")
    _, page, _ = show("--language", language)
    found = {(one["checkpoint"], one["step"], one["role"]): one for one in json.loads(out)}
    assert {*found} == {*written_for(*get_args(Role))}
    for words_for, one in found.items():
        second, when = one["passed"], one["passed_when"]
        if words_for not in DATED:
            assert second is when is None
            continue
        assert "has passed on the day" in when
        assert "5 working days" in when
        assert when in page
        assert second["title"] in page
        assert second["notice"] in page
        assert second["notice"] in second["email"]["text"]
        assert (second["sms"] is None) is (words_for[2] == "line_manager")
        assert one["notice"] != second["notice"]


def test_texts_table_shows_each_step_of_a_rulebook_of_ones_own_with_both_sets(
    tmp_path: Path,
) -> None:
    own = (RULEBOOKS / "employer-example.toml").read_text("utf-8")
    (tmp_path / "own.toml").write_text(own.replace('"prepare"', '"get_ready"'), "utf-8")
    result = CliRunner().invoke(app, ["texts", "table", str(tmp_path / "own.toml")])
    assert result.exit_code == 0
    [generic] = [line for line in result.stdout.splitlines() if line.startswith("| `get_ready`")]
    assert "Du har noe å følge opp for en medarbeider innen [dato]." in generic
    assert "Datoen for det var [dato]." in generic
    [update] = [line for line in result.stdout.splitlines() if line.startswith("| `update_plan`")]
    assert "send den til behandleren innen [dato]" in update


def test_texts_show_of_something_unknown_is_wrong_use() -> None:
    code, out, err = show("meeting_neeed")
    assert (code, out) == (2, "")
    assert "no words are written for that" in err


def test_texts_show_of_a_folder_with_a_fault_names_file_and_key(tmp_path: Path) -> None:
    for file in (ROOT / "services" / "notifier" / "texts").glob("*.toml"):
        text = file.read_text("utf-8")
        text = text.replace('title = "Bidra til oppfølgingsplanen"', 'title = "Gjør det i dag"', 1)
        (tmp_path / file.name).write_text(text, "utf-8")
    code, out, err = show("--folder", str(tmp_path))
    assert (code, out) == (1, "")
    assert err.startswith(
        "follow_up_plan.toml: step.reminder.employee.nb.title: names a day relative"
    )
