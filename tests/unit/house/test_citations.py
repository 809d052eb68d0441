"""Every citation leads to something in this project: a section of the contract, a decision, a listed source.

A citation that leads nowhere is worse than none: whoever reads it looks for a document that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.scheduler.rulebook_file import read_rulebook
from tests.support.paths import ROOT

FOLDERS = (".ci", ".github", "bench", "deploy", "docs", "schemas", "services", "tests")
SUFFIXES = {".md", ".py", ".sh", ".sql", ".toml", ".txt", ".yaml", ""}

_NUMBER = r"\d+(?:\.\d+)?"
_LIST = rf"{_NUMBER}(?:(?:, ?| and | or | ?[-\u2013] ?){_NUMBER}(?![\w%]))*"
_CONTRACT = re.compile(rf"\bcontract(?:'s)? ({_LIST})", re.IGNORECASE)
_DECISIONS = re.compile(r"\bADRs? (\d+(?:(?:, ?| and ){1}\d+)*)|\badr/(\d{4})")
_SECTION = re.compile(
    r"(?:\b(?P<law>ftrl|aml|folketrygdlov(?:en|a)|arbeidsmiljølov(?:en|a)) )?§ ?(?P<number>\d+-\d+)"
    r"(?: ?(?P<letter>[a-z])\b)?"
    r"(?: (?P<word>\w+) (?:ledd|paragraph)|(?P<paragraphs>(?:(?:, | ?[-\u2013] ?| )\(\d\))+))?"
)
_NAMED = re.compile(r"(?:circular to (?:ftrl )?§ ?\d+-\d+ ?[a-z]?|\w+(?:'s \w+)? of 20\d\d)")
_NAMED_KINDS = ("circular", "study", "guide")

_LAWS = {"folketrygdlov": "ftrl", "arbeidsmiljølov": "aml"}
_WORDS = {
    "1": ("first", "første", "fyrste"),
    "2": ("second", "andre", "annet"),
    "3": ("third", "tredje"),
    "4": ("fourth", "fjerde"),
}

OUTSIDE = {
    "a mark that only one document explained": re.compile(r"(?<!\w)\(v\)"),
    "the number of an issue": re.compile(r"\bissues? #?\d", re.IGNORECASE),
    "the number of a list of promises": re.compile(r"\bP\d{1,2}(?=:|\))"),
    "a document outside the project": re.compile(
        r"\b(?:SPEC|TRAPS|FAST|TIMERS)\b"
        r"|\bHOUSE\b(?! ?[)=/,])"
        r"|\bNAV_(?:RULES|FORMATS|CHANNELS)\b"
        r"|\b(?:ARCHITECTURE|SOURCES|TESTBED)(?:\.md| section| \d)"
    ),
}


def text_files() -> Iterator[Path]:
    """All that people write and read here; neither lock files nor what tests have made."""
    yield from sorted(path for path in ROOT.iterdir() if path.is_file() and _is_text(path))
    for folder in FOLDERS:
        yield from sorted(path for path in (ROOT / folder).rglob("*") if _is_text(path))


def _is_text(path: Path) -> bool:
    return path.is_file() and path.suffix in SUFFIXES and "__pycache__" not in path.parts


def text_of(file: Path) -> str:
    """The text in one line: a citation may be broken by a line's end, in a comment as well."""
    return re.sub(r"\s*\n\s*(?:(?:#|--|//) ?)?", " ", file.read_text("utf-8"))


def contract_sections(text: str) -> list[str]:
    """The numbers that docs/contract.md gives to its sections and items, in order."""
    return re.findall(r"^(?:## |### |\*\*)(\d+(?:\.\d+)?)(?:\.? |\*\*)", text, re.MULTILINE)


def listed_sources() -> set[str]:
    """The left column of the tables in docs/sources.md."""
    text = (ROOT / "docs" / "sources.md").read_text("utf-8")
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


SECTIONS = contract_sections((ROOT / "docs" / "contract.md").read_text("utf-8"))
DECISIONS = {int(page.name[:4]) for page in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
SOURCES = listed_sources()


def citations(text: str) -> Iterator[tuple[str, bool]]:
    """Each citation in a text, and whether it leads to something."""
    for found in _CONTRACT.finditer(text):
        for number in re.findall(_NUMBER, found[1]):
            yield f"contract {number}", number in SECTIONS
    for found in _DECISIONS.finditer(text):
        for number in re.findall(r"\d+", found[1] or found[2]):
            yield f"ADR {int(number)}", int(number) in DECISIONS
    for found in _SECTION.finditer(text):
        for section in _sections_cited(found):
            yield section, _is_listed(section)
    for found in _NAMED.finditer(text):
        if any(kind in found[0] for kind in _NAMED_KINDS):
            yield found[0], any(found[0].replace("ftrl ", "") in source for source in SOURCES)


def _sections_cited(found: re.Match[str]) -> Iterator[str]:
    law = found["law"] or ""
    law = next((short for long, short in _LAWS.items() if law.startswith(long)), law)
    section = f"{law} § {found['number']}{found['letter'] or ''}".strip()
    paragraphs = re.findall(r"\d", found["paragraphs"] or "")
    paragraphs += [digit for digit, words in _WORDS.items() if found["word"] in words]
    yield from (f"{section} ({paragraph})" for paragraph in paragraphs or [])
    if not paragraphs:
        yield section


def _is_listed(section: str) -> bool:
    """A citation without a law or a paragraph leads to whatever has its section."""
    return any(
        source == section or source.endswith(f" {section}") or f"{section} (" in source
        for source in SOURCES
    )


def test_every_citation_leads_to_something() -> None:
    found = [
        (str(file.relative_to(ROOT)), *citation)
        for file in text_files()
        if file != Path(__file__)
        for citation in citations(text_of(file))
    ]
    assert len(found) > 400
    assert [f"{file}: {cited}" for file, cited, resolves in found if not resolves] == []


def test_the_contract_is_numbered_without_a_gap() -> None:
    expected: list[str] = []
    for number in SECTIONS:
        chapter, _, item = number.partition(".")
        before = [item for item in expected if item.startswith(f"{chapter}.")]
        assert item == "" or int(item) == len(before) + 1, number
        expected.append(number)
    assert [number for number in SECTIONS if "." not in number] == [str(n) for n in range(1, 16)]


@pytest.mark.parametrize("name", ["standard", "nav-2026", "employer-example"])
def test_every_source_of_a_rulebook_is_listed(name: str) -> None:
    """Each part between semicolons names a law, or what stands in docs/sources.md."""
    for checkpoint in read_rulebook(name).checkpoints:
        kind, _, rest = checkpoint.source.partition(": ")
        assert kind in ("law", "guidance", "practice", "study"), checkpoint.source
        named = "§" in rest or any(source in rest for source in SOURCES)
        assert named, f"{name}: {checkpoint.name}: {checkpoint.source}"


@pytest.mark.parametrize("what", OUTSIDE)
def test_nothing_points_out_of_the_project(what: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in text_files()
        if file != Path(__file__)
        for match in OUTSIDE[what].finditer(file.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "leads_nowhere"),
    [
        ("what is late (contract 4.2, 6.9)", []),
        ("what is late (contract 4.2, 6.99)", ["contract 6.99"]),
        ("contract 3.1-3.6 and contract 16", ["contract 16"]),
        ("contract 3.1\u20133.7", ["contract 3.7"]),
        ("see ADR 4, 5 and 999", ["ADR 999"]),
        ("docs/adr/0999-never.md", ["ADR 999"]),
        ("aml § 4-6 (4); ftrl § 25-2 (2), § 8-8 (1)", []),
        ("ftrl § 8-8 (2)-(9)", ["ftrl § 8-8 (9)"]),
        ("aml § 4-7", ["aml § 4-7"]),
        ("aml § 8-8 (2)", ["aml § 8-8 (2)"]),
        ("folketrygdloven § 8-8 fjerde ledd", ["ftrl § 8-8 (4)"]),
        ("a circular to § 8-9", ["§ 8-9", "circular to § 8-9"]),
        ("the study of 2020", ["study of 2020"]),
    ],
)
def test_a_citation_that_leads_nowhere_is_found(text: str, leads_nowhere: list[str]) -> None:
    assert [cited for cited, resolves in citations(text) if not resolves] == leads_nowhere


def test_a_citation_over_two_lines_is_found(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("# what is late (contract\n# 99.9)\n", "utf-8")
    assert list(citations(text_of(file))) == [("contract 99.9", False)]


# Each in two halves where the whole would be found here by the search of others.
@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a mark that only one document explained", "14 days (" + "v)"),
        ("the number of an issue", "Issue" + " 3: SMTP"),
        ("the number of a list of promises", "# P" + "8: no silent death"),
        ("a document outside the project", "SP" + "EC 4.3"),
        ("a document outside the project", "TRA" + "PS section 2"),
        ("a document outside the project", "HOU" + "SE section 3"),
        ("a document outside the project", "FA" + "ST.md"),
        ("a document outside the project", "TIM" + "ERS.md"),
        ("a document outside the project", "NAV_" + "RULES section 2"),
        ("a document outside the project", "SOURCES" + ".md"),
    ],
)
def test_what_points_out_of_the_project_is_found(what: str, text: str) -> None:
    assert OUTSIDE[what].search(text)


def test_every_source_has_a_date() -> None:
    """Rules change, and whoever reads a row has to see how old what stands in it is."""
    text = (ROOT / "docs" / "sources.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|.*\|([^|]*)\|$", text, re.MULTILINE)
    assert {source for source, _ in rows} == SOURCES
    assert [source for source, as_of in rows if not re.search(r"\b20\d\d\b", as_of)] == []
