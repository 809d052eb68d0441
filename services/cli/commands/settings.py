"""`stoppunkt settings`: every variable of both services, its default and what it means (contract 12)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal, get_args, get_origin

import typer

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings

SCHEDULER, NOTIFIER, OPERATORS = "scheduler", "notifier", "operators"
REQUIRED = "(required)"


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable; values are never shown, for some are secret, and only defaults are.

    `read_where` names the choice by which it is read at all, such as SMS_TRANSPORT=http; None for the others.
    """

    name: str
    services: tuple[str, ...]
    default: str | None
    required: bool
    secret: bool
    meaning: str
    values: tuple[str, ...]
    read_where: str | None = None


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
    from services.cli.operator.settings import OperatorSettings
    from services.notifier.settings import NotifierSettings
    from services.scheduler.app import Settings

    read_by: dict[str, list[str]] = {}
    fields: dict[str, FieldInfo] = {}
    models = ((SCHEDULER, Settings), (NOTIFIER, NotifierSettings), (OPERATORS, OperatorSettings))
    for service, model in models:
        for name, field in model.model_fields.items():
            read_by.setdefault(name, []).append(service)
            fields[name] = field
    found = [_variable(name, fields[name], tuple(read_by[name])) for name in fields]
    return found + [each for each in _of_gateways() if each.name.lower() not in fields]


def _of_gateways() -> list[Variable]:
    """The variables of channels and registers, each read only where it is chosen."""
    from services.notifier.channels.wiring.transports import TRANSPORTS
    from services.notifier.registers.krr import KrrSettings
    from services.notifier.registers.line_managers import LineManagerSettings

    chosen_by: dict[type[BaseSettings], list[str]] = {}
    for transport in TRANSPORTS:
        choice = f"{transport.slot.upper()}_TRANSPORT={transport.name}"
        chosen_by.setdefault(transport.settings, []).append(choice)
    chosen_by[KrrSettings] = ["CONTACT_REGISTER=krr"]
    chosen_by[LineManagerSettings] = ["LINE_MANAGER_REGISTER=nav"]
    return [
        replace(_variable(name, field, (NOTIFIER,)), read_where=" or ".join(choices))
        for model, choices in chosen_by.items()
        for name, field in model.model_fields.items()
    ]


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

    from services.cli.output.consoles import StdoutConsole

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("variable", no_wrap=True)
    for name in ("read by", "default", "meaning"):
        table.add_column(name, overflow="fold")
    for each in found:
        both = len(each.services) > 1
        meaning = each.meaning + (f" ({', '.join(each.values)})" if each.values else "")
        meaning += f" [dim]· with {each.read_where}[/]" if each.read_where else ""
        table.add_row(
            each.name,
            "both" if both else each.services[0],
            REQUIRED if each.required else each.default or "-",
            meaning + (" [dim]· secret[/]" if each.secret else ""),
        )
    StdoutConsole().print(table)
