"""A template that breaks a rule stops the start, and the error says which file and which key (contract 6.5)."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Language
from services.notifier.domain.words.dates import MessageDates
from services.notifier.domain.words.exemptions import Exemptions
from services.notifier.domain.words.rules import septets, written
from services.notifier.domain.words.shapes import LANGUAGES
from services.notifier.domain.words.texts import BadTexts, parse_texts
from services.notifier.texts_folder import load_texts

SHIPPED = {
    file.name.removesuffix(".toml"): file.read_text("utf-8")
    for file in files("services.notifier").joinpath("texts").iterdir()
    if file.name.endswith(".toml")
}

# What every folder has to have; parsed sooner than all of it.
BASE = {name: text for name, text in SHIPPED.items() if name.startswith("_")}
EXEMPTIONS = Exemptions.model_validate(tomllib.loads(SHIPPED["_exemptions"])).by_code()
GOOD = {
    "title": "Do it",
    "sms": "Do it by $due_on. Log in to see how.",
    "passed_title": "Do it",
    "passed_sms": "Do it as soon as possible. The date $was $due_on. Log in to see how.",
    "manager_title": "Do it",
    "notice": "Do it by $due_on. Log in to see how.",
    "manager_passed_title": "Do it",
    "passed_notice": "Do it as soon as possible. The date $was $due_on. Log in to see how.",
    "guide": "Do it well.",
    "source": "guidance",
    "exemptions": "[]",
    "part": "about",
    "step": "",
}
FIELDS = {
    "employee": {
        "title": "title",
        "sms": "sms",
        "passed.title": "passed_title",
        "passed.sms": "passed_sms",
    },
    "line_manager": {
        "title": "manager_title",
        "notice": "notice",
        "passed.title": "manager_passed_title",
        "passed.notice": "passed_notice",
    },
}


def made_up(**changed: str) -> str:
    """A whole checkpoint file; what is changed is changed in nynorsk alone, and left out where it is empty."""
    now = {**GOOD, **changed}

    def words(role: str, fields: dict[str, str]) -> str:
        tables = []
        for language in ("nb", "nn", "en"):
            source = now if language == "nn" else GOOD
            rows = "\n".join(
                f"{field} = '''{source[key]}'''" for field, key in fields.items() if source[key]
            )
            tables.append(f"[step.go.{role}.{language}]\n{rows}")
        return "\n".join(tables)

    return "\n".join(
        [
            "[step.go]",
            now["step"],
            *(words(role, fields) for role, fields in FIELDS.items()),
            "[[guide]]",
            f"part = '{now['part']}'",
            f"exemptions = {now['exemptions']}",
            f"source = '{now['source']}'",
            f"nb = '{GOOD['guide']}'",
            f"nn = '''{now['guide']}'''",
            f"en = '{GOOD['guide']}'",
        ]
    )


def faults_with(file: str, text: str) -> tuple[str, ...]:
    return faults_of({**BASE, file: text})


def faults_of(folder: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(BadTexts) as caught:
        parse_texts(folder)
    return caught.value.faults


def test_the_made_up_file_is_good_until_something_is_changed() -> None:
    texts = parse_texts({**BASE, "made_up": made_up()})
    day = date(2026, 4, 27)
    dates = MessageDates(day, case_start=day, legal_on=None, leaves_on=day)
    assert texts.sms("made_up", "go", "employee", "nn", dates) == (
        "Do it by 27. april 2026. Log in to see how."
    )


PASSED = "step.go.employee.nn.passed"
SMS, NOTICE = "step.go.employee.nn.sms", "step.go.line_manager.nn.notice"
TITLE, GUIDE = "step.go.employee.nn.title", "guide.0.nn"
REFUSED = {
    "an SMS of two": ({"sms": GOOD["sms"] + "!" * 120}, SMS, "septets"),
    "an SMS outside GSM-7": ({"sms": GOOD["sms"] + " « »"}, SMS, "U+00AB is not in GSM-7"),
    "extension characters count double": ({"sms": GOOD["sms"] + "€" * 60}, SMS, "septets"),
    "a long title": ({"title": "D" * 41}, TITLE, "41 characters"),
    "a long notice": ({"notice": GOOD["notice"] + " Do it" * 50}, NOTICE, "300 are allowed"),
    "a name as placeholder": ({"sms": "$name, by $due_on. Log in."}, SMS, "only placeholders"),
    "a placeholder in a title": ({"title": "By $due_on"}, TITLE, "names a date"),
    "a placeholder in a guide": ({"guide": "Do it by $due_on."}, GUIDE, "names a date"),
    "a lone dollar sign": ({"guide": "It costs $ 5."}, GUIDE, "only placeholders"),
    "an escaped dollar sign": ({"guide": "It costs $$5."}, GUIDE, "only placeholders"),
    "braces": ({"sms": "Do it by $due_on {due_on}. Log in."}, SMS, "braces"),
    "an address": ({"sms": "Do it by $due_on. Log in at nav.no"}, SMS, "link-like"),
    "a forgotten space": ({"guide": "Do it.then rest."}, GUIDE, "link-like"),
    "an e-mail address": ({"guide": "Write to us@here"}, GUIDE, "link-like"),
    "a person's number": ({"guide": "Ask for 148385 11253."}, GUIDE, "digits"),
    "a phone": ({"guide": "Call 55 55 33 36."}, GUIDE, "digits"),
    "a diagnosis": ({"guide": "Talk about depresjon."}, GUIDE, "diagnosis word"),
    "sick leave on a locked screen": (
        {"sms": "Sykmeldt? Do it by $due_on. Log in."},
        SMS,
        "sick leave",
    ),
    "sick leave in a subject": ({"title": "You are sick"}, TITLE, "sick leave"),
    "today": ({"sms": "Do it today, $due_on. Log in."}, SMS, "when it is read"),
    "i dag": ({"notice": "Gjer det i dag, $due_on. Logg inn."}, NOTICE, "when it is read"),
    "a reproach": ({"sms": "Du har ikkje svart. Frist: $due_on. Logg inn."}, SMS, "was not done"),
    "a reproach with an adverb": ({"guide": "Du har enno ikkje svart."}, GUIDE, "was not done"),
    "a reproach in English": ({"guide": "You have not answered."}, GUIDE, "was not done"),
    "a missing plan": (
        {"notice": "Planen manglar. Frist: $due_on. Logg inn."},
        NOTICE,
        "was not done",
    ),
    "no date": ({"sms": "Do it. Log in."}, SMS, "by which date"),
    "no log in": ({"notice": "Do it by $due_on."}, NOTICE, "does not say to log in"),
    "an empty text": ({"guide": " "}, GUIDE, "is empty"),
    "a line break in an SMS": ({"sms": "Do it by $due_on.\n\nLog in."}, SMS, "control character"),
    "a source nobody knows": ({"source": "hearsay"}, "guide.0.source", "not one of the sources"),
    "a date beside a reason for none": (
        {"step": "undated = 'No law.'\nlast_day = 3"},
        "step.go.undated",
        "stands beside",
    ),
    "a date where there is none": ({"step": "undated = 'No law.'"}, SMS, "names a date"),
    "a date that the event alone has, beside a reason for none": (
        {"step": "undated = 'No law.'\nonly_legal = true"},
        "step.go.undated",
        "stands beside",
    ),
    "a second set beside a reason for no date": (
        {"step": "undated = 'No law.'"},
        "step.go.employee.nn.passed",
        "stands beside",
    ),
    "no second set for the employee": (
        {"passed_title": "", "passed_sms": ""},
        "step.go.employee.nn.passed",
        "is missing",
    ),
    "no second set for the manager": (
        {"manager_passed_title": "", "passed_notice": ""},
        "step.go.line_manager.nn.passed",
        "is missing",
    ),
    "a second set without a title": ({"passed_title": ""}, PASSED + ".title", "Field required"),
    "a second set of two SMS": (
        {"passed_sms": GOOD["passed_sms"] + "!" * 90},
        PASSED + ".sms",
        "septets",
    ),
    "a long second notice": (
        {"passed_notice": GOOD["passed_notice"] + " Do it" * 50},
        "step.go.line_manager.nn.passed.notice",
        "300 are allowed",
    ),
    "a long second title": ({"passed_title": "D" * 41}, PASSED + ".title", "41 characters"),
    "a second title with a deadline": (
        {"passed_title": "Planen har ein frist"},
        PASSED + ".title",
        "tells of a deadline",
    ),
    "a passed date as one to come": (
        {"passed_sms": "Do it as soon as possible, by $due_on. It $was $due_on. Log in."},
        PASSED + ".sms",
        "as one to come",
    ),
    "a second set that does not say which date it was": (
        {"passed_sms": "Do it as soon as possible. Log in."},
        PASSED + ".sms",
        "which date has passed",
    ),
    "a second set that does not say what to do now": (
        {"passed_sms": "Do it. The date $was $due_on. Log in."},
        PASSED + ".sms",
        "as soon as possible",
    ),
    "a date to come as one that was": (
        {"sms": "Do it by $due_on, which $was the date. Log in."},
        SMS,
        "still to come",
    ),
    "a question that names a date that has passed": (
        {"step": "asks = true"},
        PASSED + ".sms",
        "names a date where none belongs",
    ),
    "a reminder of nothing": (
        {"sms": "Påminning: Do it by $due_on. Log in."},
        SMS,
        "calls itself a reminder",
    ),
    "an exemption that is not said to be one": (
        {"guide": "Planen trengst ikkje når han er openbert unødvendig."},
        GUIDE,
        "not among its `exemptions`",
    ),
    "an exemption nobody knows": (
        {"exemptions": "['follow_up_plan.hearsay']"},
        "guide.0.exemptions",
        "not in _exemptions.toml",
    ),
    "a guide that says when it is not needed, by no exemption": (
        {"part": "not_needed"},
        "guide",
        "names no exemption",
    ),
    "a slip of the pen": ({"step": "lastday = 3"}, "step.go.lastday", "not permitted"),
    "a day that is not a number": ({"step": "last_day = '3'"}, "step.go.last_day", "integer"),
}


@pytest.mark.parametrize(("changed", "key", "fault"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_template_is_refused_with_its_file_and_key(
    changed: dict[str, str], key: str, fault: str
) -> None:
    found = faults_with("made_up", made_up(**changed))
    assert any(line.startswith(f"made_up.toml: {key}: ") and fault in line for line in found), found


def test_a_language_that_is_left_out_is_refused() -> None:
    text = made_up().replace("[step.go.employee.nn]", "[step.go.employee.dk]")
    assert "made_up.toml: step.go.employee.nn: Field required" in faults_with("made_up", text)


def test_a_guide_line_without_a_source_is_refused() -> None:
    text = made_up().replace("source = 'guidance'", "")
    assert faults_with("made_up", text) == ("made_up.toml: guide.0.source: Field required",)


def test_words_for_employee_or_manager_without_a_guide_are_refused() -> None:
    text = made_up().split("[[guide]]", maxsplit=1)[0]
    [fault] = faults_with("made_up", text)
    assert fault.startswith("made_up.toml: guide: is missing")


def test_a_file_that_is_not_toml_is_refused_with_its_name() -> None:
    [fault] = faults_with("made_up", "[step")
    assert fault.startswith("made_up.toml: is not TOML")


TELLS = [
    (name, number, language, code, stem)
    for name, words in load_texts().checkpoints.items()
    for number, line in enumerate(words.guide)
    for code in line.exemptions
    for language in LANGUAGES
    for stem in EXEMPTIONS[code][language].conditions
]


@pytest.mark.parametrize(("name", "number", "language", "code", "stem"), TELLS)
def test_a_guide_that_tells_an_exemption_without_one_of_its_conditions_is_refused(
    name: str, number: int, language: Language, code: str, stem: str
) -> None:
    """contract 6.5: no condition of any exemption can be cut out of any line, in any language."""
    line = load_texts().checkpoints[name].guide[number][language]
    cut = re.sub(re.escape(stem), "", line, flags=re.IGNORECASE)
    found = faults_with(name, SHIPPED[name].replace(line, cut))
    fault = f"{name}.toml: guide.{number}.{language}: tells of {code} without saying {stem!r}"
    assert any(line.startswith(fault) for line in found), found


def test_a_guide_that_tells_some_exemptions_of_a_checkpoint_tells_them_all() -> None:
    line = 'exemptions = ["dialogue_meeting_1.too_ill_for_now"]'
    [*faults] = faults_with("dialogue_meeting_1", SHIPPED["dialogue_meeting_1"].replace(line, ""))
    left_out = "dialogue_meeting_1.toml: guide: leaves out dialogue_meeting_1.too_ill_for_now"
    assert any(fault.startswith(left_out) for fault in faults)


def test_every_exemption_that_has_words_is_told_in_the_guide_of_its_checkpoint() -> None:
    """contract 4.2: the reasons with texts. Meeting 2's are told with the question and with the exemption itself."""
    told = {
        code
        for words in load_texts().checkpoints.values()
        for line in words.guide
        for code in line.exemptions
    }
    assert told == {*EXEMPTIONS}
    by_checkpoint = Counter(code.split(".")[0] for code in told)
    assert by_checkpoint == {
        "follow_up_plan": 1,
        "dialogue_meeting_1": 4,
        "activity_requirement": 2,
        "dialogue_meeting_2": 4,
    }


@pytest.mark.parametrize("name", ["_common", "_sources", "_exemptions", "_generic", "_delivery"])
def test_a_file_that_everything_rests_on_may_not_be_missing(name: str) -> None:
    folder = {file: text for file, text in BASE.items() if file != name}
    assert f"{name}.toml: is missing" in faults_of(folder)


def test_generic_words_for_nobody_are_refused() -> None:
    text = SHIPPED["_generic"].replace("step.any.adviser", "step.other.adviser")
    assert faults_with("_generic", text) == ("_generic.toml: step.any.adviser: is missing",)


def test_what_frames_a_letter_obeys_the_rules_too() -> None:
    text = SHIPPED["_common"].replace('nb = "Hei."', 'nb = "Hei, $name."')
    [fault] = faults_with("_common", text)
    assert fault.startswith("_common.toml: greeting.nb: has '$name'")


def test_all_faults_are_told_at_once() -> None:
    found = faults_with("made_up", made_up(title="D" * 41, notice="Do it by $due_on."))
    assert len(found) == 2


def test_a_plain_title_is_not_taken_for_a_link() -> None:
    """Dates have a dot and a space, paragraphs a digit and a letter."""
    parse_texts({**BASE, "made_up": made_up(guide="Sjå § 8-7 a. Så 27. april, kl. 9.")})


def test_norwegian_letters_are_one_septet_and_brackets_two() -> None:
    assert septets("æøåÆØÅ") == 6
    assert septets("[€]") == 6
    assert septets("") == 0


@pytest.mark.parametrize("character", ["«", "\u2013", "\u2019", "š", "á", "\x1b", "🙂", "\u00a0"])
def test_what_gsm_7_lacks_is_named_by_its_code(character: str) -> None:
    with pytest.raises(ValueError, match=f"U\\+{ord(character):04X}"):
        septets(character)


def test_a_date_is_written_as_people_write_it() -> None:
    day = date(2026, 4, 27)
    assert written(day, "nb") == written(day, "nn") == "27. april 2026"
    assert written(day, "en") == "27 April 2026"
    assert written(date(2026, 5, 1), "nb") == "1. mai 2026"


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_a_written_date_is_no_run_of_digits_that_looks_like_a_person(day: date) -> None:
    parse_texts({**BASE, "made_up": made_up(guide=f"Kom {written(day, 'nn')}.")})
