"""What the documents say stays true where that is cheap to ask."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client.metrics import MetricWrapperBase

from schemas.inbound import NOTIFIER_TOPICS, SCHEDULER_TOPICS
from schemas.messages import (
    KINDS,
    DeadlineMessage,
    DeliveryReceipt,
    FollowUpFact,
    Message,
    PersonContactChanged,
    Role,
    SickNoteRegistered,
    SickNoteWithdrawn,
    WithdrawalReason,
)
from services.cli.commands.settings import variables
from services.cli.output.messages_page import messages_page
from services.cli.output.rulebook_json import rulebook_form
from services.notifier.domain.delivery import TRANSITIONS
from services.notifier.domain.matrix import TASK_RULES
from services.notifier.texts_folder import load_texts
from services.scheduler.domain.plan.planned_step import State
from services.scheduler.domain.plan.reasons import WORDS
from services.scheduler.domain.rulebook import model as rulebook
from services.scheduler.domain.rulebook import reader
from services.scheduler.rulebook_file import read_rulebook
from tests.support.paths import ROOT

DOCS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
INBOUND_TOPICS = {SickNoteRegistered.topic, FollowUpFact.topic, PersonContactChanged.topic}

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_JSON = re.compile(r"```json\n(.*?)\n```", re.DOTALL)


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def named_in(text: str) -> set[str]:
    """All that stands in backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


def anchors_in(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(file: Path) -> None:
    broken = []
    for link in _LINK.findall(file.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        is_there = target.is_relative_to(ROOT) and target.exists()
        if not is_there or (anchor and anchor not in anchors_in(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("kind", list(KINDS.values()), ids=lambda model: model.kind)
def test_every_message_kind_is_named_where_its_reader_looks(kind: type[Message]) -> None:
    """Facts in are the publishers' page, all others that of channels and task systems."""
    page = "upstream.md" if kind.topic in INBOUND_TOPICS else "downstream.md"
    assert kind.kind in named_in(text_of(page))
    assert kind.topic in text_of(page)


def test_what_takes_back_a_note_is_named() -> None:
    assert SickNoteWithdrawn.kind in named_in(text_of("upstream.md"))


def test_every_fact_has_its_golden_record_as_example() -> None:
    """In upstream.md the example stands under the kind's own heading."""
    sections = re.split(r"^### `(.+)`$", text_of("upstream.md"), flags=re.MULTILINE)
    examples = dict(zip(sections[1::2], sections[2::2], strict=True))
    expected = {model.kind for model in KINDS.values() if model.topic in INBOUND_TOPICS}
    assert set(examples) == expected
    for kind, section in examples.items():
        (example,) = _JSON.findall(section)
        assert json.loads(example) == _sample(f"{kind}.v1"), kind


def test_every_example_for_channels_is_a_golden_record() -> None:
    examples = [json.loads(example) for example in _JSON.findall(text_of("downstream.md"))]
    outbound = [name for name, model in KINDS.items() if model.topic not in INBOUND_TOPICS]
    missing = [name for name in outbound if _sample(name) not in examples]
    assert not missing
    assert len(examples) == len(outbound)


def test_every_topic_that_is_read_is_named() -> None:
    pages = text_of("upstream.md") + text_of("downstream.md")
    read = {*SCHEDULER_TOPICS, *NOTIFIER_TOPICS}
    assert [topic for topic in sorted(read) if f"`{topic}`" not in pages] == []


def test_every_topic_of_ours_is_in_the_operators_table() -> None:
    page = text_of("operators.md")
    topics = {DeadlineMessage.topic, DeliveryReceipt.topic, *(m.topic for m in KINDS.values())}
    assert [topic for topic in sorted(topics) if f"`{topic}`" not in page] == []


def test_every_setting_is_explained_with_its_default() -> None:
    rows = [
        line.split("|") for line in text_of("operators.md").splitlines() if line.startswith("| `")
    ]
    explained: dict[str, str] = {}
    for row in rows:
        explained |= dict.fromkeys(re.findall(r"`([A-Z_]+)`", row[1]), "|".join(row[2:]))
    channels = text_of("channels.md")
    for variable in variables():
        if variable.read_where is not None:
            assert f"`{variable.name}`" in channels
            continue
        assert variable.name in explained
        if variable.required:
            assert "**required**" in explained[variable.name], variable.name
        elif variable.default:
            assert f"`{variable.default}`" in explained[variable.name], variable.name
        for value in variable.values:
            assert f"`{value}`" in explained[variable.name], variable.name
    unknown = {
        name for name in explained if name not in {variable.name for variable in variables()}
    }
    assert not unknown


METRIC_FILES = (
    "services.runtime.metrics",
    "services.scheduler.metrics",
    "services.notifier.metrics",
)
_METRIC = re.compile(r"\bstoppunkt_[a-z_]+")


def exposed_metrics() -> set[str]:
    """The names under which Prometheus reads the metrics that these files declare."""
    names = set()
    for file in METRIC_FILES:
        for metric in vars(import_module(file)).values():
            if isinstance(metric, MetricWrapperBase):
                (family,) = metric.describe()
                names.add(f"{family.name}_total" if family.type == "counter" else family.name)
    return names


def test_every_metric_is_explained() -> None:
    page = text_of("operators.md")
    assert len(exposed_metrics()) > 10
    assert [name for name in sorted(exposed_metrics()) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("file", ["docs/operators.md", "deploy/alerts.yaml"])
def test_only_metrics_that_exist_are_read(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    # Names of roles stand there too.
    asked = set(_METRIC.findall(text)) - {"stoppunkt_scheduler", "stoppunkt_notifier"}
    assert len(asked) > 10
    assert {re.sub(r"_(count|sum|bucket)$", "", name) for name in asked} <= exposed_metrics()


def test_every_metric_is_declared_in_one_of_the_files_for_it() -> None:
    """Nobody else makes one: it would be neither explained nor known to the tests above."""
    makers = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "services").rglob("*.py")
        if re.search(
            r"prometheus_client import .*\b(Counter|Gauge|Histogram|Summary)\b",
            file.read_text("utf-8"),
        )
    ]
    assert sorted(makers) == ["services/records/relay.py", "services/runtime/metrics.py"]
    declaring = [
        str(file.relative_to(ROOT)).removesuffix(".py").replace("/", ".")
        for file in (ROOT / "services").rglob("*.py")
        if re.search(
            r"^[A-Z_]+ = (counter|gauge|histogram)\(", file.read_text("utf-8"), re.MULTILINE
        )
    ]
    assert sorted(declaring) == sorted(METRIC_FILES)


def test_every_word_of_the_rulebooks_form_is_explained() -> None:
    tables = (reader._File, reader._CheckpointTable, reader._StepTable, reader._SuspendTable)
    keys = {field.alias or name for table in tables for name, field in table.model_fields.items()}
    lists = {
        "checkpoint": "[[checkpoint]]",
        "office": "[office.<number>]",
        "suspend": "[[suspend]]",
    }
    words = {
        *(lists.get(key, key) for key in keys),
        *get_args(rulebook.ConditionName),
        *get_args(rulebook.Act),
        *get_args(rulebook.FactAnchor),
        *get_args(rulebook.FactDate),
        *get_args(Role),
    }
    assert words - named_in(text_of("rulebook.md")) == set()


def test_the_rulebook_that_is_shown_is_right() -> None:
    example, suspension = re.findall(r"```toml\n(.*?)```", text_of("rulebook.md"), re.DOTALL)
    assert reader.parse(read_rulebook("standard").text + suspension).suspensions
    assert reader.parse(example).for_office("0219").find("coffee_with_colleagues.invite")


def test_the_table_of_standard_has_every_step_and_its_day() -> None:
    """A step that the start decides stands with its day, one that waits for full leave with its days.

    A step that hangs on a fact has its day in words; whether it is told before is said of each.
    """
    days_in_table: dict[str, str] = {}
    checkpoint = ""
    for line in text_of("rulebook.md").partition("## Where the rules")[2].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[1].startswith("`"):
            checkpoint = cells[0].strip("`") or checkpoint
            for name in re.findall(r"`(\w+)`", cells[1]):
                days_in_table[f"{checkpoint}.{name}"] = cells[2]
    standard = read_rulebook("standard")
    assert set(days_in_table) == {step.path for step in standard.steps}
    for checkpoint_form in rulebook_form(standard)["checkpoints"]:
        for step in checkpoint_form["steps"]:
            days = [step["offset_days"]] if step["offset_days"] is not None else []
            full = [f"full {step['full_days']}"] if step["full_days"] else []
            before = ["adv"] if step["tell"] else []
            expected = " ".join(map(str, [*days, *full, *before]))
            cell = days_in_table[f"{checkpoint_form['name']}.{step['name']}"]
            is_right = cell == expected if days else cell.endswith(expected)
            assert is_right, (checkpoint_form["name"], step["name"])


def test_decisions_are_numbered_without_a_gap_and_have_their_three_parts() -> None:
    folder = ROOT / "docs" / "adr"
    pages = sorted(folder.glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    listed = (folder / "README.md").read_text("utf-8")
    for page in pages:
        parts = re.findall(r"^\*\*(\w+)\.\*\*", page.read_text("utf-8"), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequence"], page.name
        assert f"({page.name})" in listed


def _sample(name: str) -> object:
    record = json.loads((ROOT / "schemas" / "samples" / f"{name}.json").read_text("utf-8"))
    return record["value"]


def test_the_drawing_of_a_delivery_is_its_table() -> None:
    """The state machine is closed, and drawn in the docs as it is in the code."""
    drawn: dict[str, set[str]] = {state: set() for state in TRANSITIONS}
    for before, after in re.findall(r"^ +(\w+) --> (\w+)", text_of("deliveries.md"), re.MULTILINE):
        drawn[before].add(after)
    assert drawn == {state: set(after) for state, after in TRANSITIONS.items()}


def test_every_state_and_reason_of_a_plan_stands_in_the_contract() -> None:
    """The codes that `plan` prints are those that `explain` has words for."""
    section = _section("contract.md", "### 4.1 ")
    codes = {code.partition(":")[0] for code in named_in(section)}
    assert {*get_args(State), *WORDS} - codes == set()


def test_every_reason_of_a_withdrawal_stands_in_the_contract() -> None:
    assert set(get_args(WithdrawalReason)) - named_in(_section("contract.md", "### 4.3 ")) == set()


def test_every_name_of_what_is_missing_stands_in_the_contract() -> None:
    """The code writes some names whole and of others the beginning."""
    folder = ROOT / "services" / "scheduler" / "domain" / "events"
    source = "".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    names = re.findall(
        r'"((?:plan_not|answer_|reason_|activity_requirement_not|\w+_unknown)\w*)', source
    )
    codes = {code.partition(":")[0] for code in named_in(_section("contract.md", "### 4.4 "))}
    assert len(set(names)) >= 4
    unknown = [name for name in names if not any(code.startswith(name) for code in codes)]
    assert unknown == []


def test_every_topic_of_ours_stands_in_the_contract() -> None:
    section = _section("contract.md", "## 10. ")
    assert {model.topic for model in KINDS.values()} - named_in(section) == set()


def test_the_contract_says_what_each_task_asks_for() -> None:
    """Due in so many working days, with that priority: by checkpoint and step as in the code's table."""
    rows = [
        (named_in(cells[1]), cells[2].strip(), cells[3].strip())
        for cells in (line.split("|") for line in _section("contract.md", "## 6. ").splitlines())
        if len(cells) == 5 and cells[2].strip().isdigit()
    ]
    for rule in TASK_RULES:
        names = {rule.checkpoint, rule.step} - {None}
        days, priority = next(row[1:] for row in rows if (names <= row[0] if names else not row[0]))
        assert int(days) == rule.working_days, rule
        assert priority.startswith(rule.priority), rule
        assert ("high " in priority and rule.priority != "high") == (rule.high_where is not None), (
            rule
        )


def _section(page: str, heading: str) -> str:
    """The text from that heading to the next one of its rank or a higher one."""
    after = text_of(page).partition(f"\n{heading}")[2]
    rank = heading.partition(" ")[0]
    return re.split(rf"^#{{2,{len(rank)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def test_the_page_of_messages_is_what_the_rulebook_and_the_texts_say() -> None:
    """`stoppunkt texts table > docs/messages.md` writes it (contract 6.5)."""
    page = messages_page(read_rulebook("standard"), load_texts())
    assert (ROOT / "docs" / "messages.md").read_text("utf-8") == page
