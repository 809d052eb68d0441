"""`stoppunkt settings`: every variable of both services, its default and what it means (SPEC 12)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Literal, get_args, get_origin

import typer

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

SCHEDULER, NOTIFIER, OPERATORS = "scheduler", "notifier", "operators"
REQUIRED = "(required)"


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable; values are never shown, for some are secret, and only defaults are."""

    name: str
    services: tuple[str, ...]
    default: str | None
    required: bool
    secret: bool
    meaning: str
    values: tuple[str, ...]


def settings(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> None:
    """Lists every environment variable of the services and the operators' commands: who reads it, default, meaning.

    Example: stoppunkt settings --json
    """
    found = variables()
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2))
    else:
        _print_table(found)


def variables() -> list[Variable]:
    """What the services and the operators' commands are told from outside; what both services read stands once."""
    from services.cli.operators_settings import OperatorSettings
    from services.notifier.settings import NotifierSettings
    from services.scheduler.app import Settings

    read_by: dict[str, list[str]] = {}
    fields: dict[str, FieldInfo] = {}
    models = ((SCHEDULER, Settings), (NOTIFIER, NotifierSettings), (OPERATORS, OperatorSettings))
    for service, model in models:
        for name, field in model.model_fields.items():
            read_by.setdefault(name, []).append(service)
            fields[name] = field
    return [_variable(name, fields[name], tuple(read_by[name])) for name in fields]


def _variable(name: str, field: FieldInfo, services: tuple[str, ...]) -> Variable:
    from pydantic import SecretStr

    is_secret = SecretStr in (field.annotation, *get_args(field.annotation))
    is_choice = get_origin(field.annotation) is Literal
    default = None if field.is_required() or field.default is None else str(field.default)
    if isinstance(field.default, bool):
        default = str(field.default).lower()
    return Variable(
        name=name.upper(),
        services=services,
        default=default,
        required=field.is_required(),
        secret=is_secret,
        meaning=field.description or name.replace("_", " "),
        values=tuple(map(str, get_args(field.annotation))) if is_choice else (),
    )


def _print_table(found: list[Variable]) -> None:
    from rich.table import Table

    from services.cli.consoles import StdoutConsole

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("variable", no_wrap=True)
    for name in ("read by", "default", "meaning"):
        table.add_column(name, overflow="fold")
    for each in found:
        both = len(each.services) > 1
        meaning = each.meaning + (f" ({', '.join(each.values)})" if each.values else "")
        table.add_row(
            each.name,
            "both" if both else each.services[0],
            REQUIRED if each.required else each.default or "-",
            meaning + (" [dim]· secret[/]" if each.secret else ""),
        )
    StdoutConsole().print(table)
