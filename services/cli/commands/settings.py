"""`stoppunkt settings`: every variable of both services, its default and what it means (contract 12)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args, get_origin

import typer

from services.cli.options import JsonList

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings

commands = typer.Typer()

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


@commands.command()
def settings(
    as_json: JsonList = False,
) -> None:
    """Lists every environment variable of the services and the operators' commands: who reads it, default, meaning.

    Example: stoppunkt settings --json
    """
    every_variable = variables()
    if as_json:
        typer.echo(
            json.dumps(
                [asdict(variable) for variable in every_variable], ensure_ascii=False, indent=2
            )
        )
    else:
        _print_table(every_variable)


def variables() -> list[Variable]:
    """What the services and the operators' commands read; what several of them read stands once."""
    from services.cli.access.environment import OperatorSettings
    from services.notifier.settings import NotifierSettings
    from services.scheduler.settings import SchedulerSettings

    read_by: dict[str, list[str]] = {}
    fields: dict[str, FieldInfo] = {}
    models = (
        (SCHEDULER, SchedulerSettings),
        (NOTIFIER, NotifierSettings),
        (OPERATORS, OperatorSettings),
    )
    for service, model in models:
        for name, field in model.model_fields.items():
            read_by.setdefault(name, []).append(service)
            fields[name] = field
    of_services = [_variable(name, fields[name], tuple(read_by[name])) for name in fields]
    return of_services + [v for v in _of_gateways() if v.name.lower() not in fields]


def _of_gateways() -> list[Variable]:
    """The variables of channels and registers, each read only where it is chosen."""
    from services.notifier.registers.krr import KrrSettings
    from services.notifier.registers.line_managers import LineManagerSettings
    from services.notifier.transports import TRANSPORTS

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

    # What is left of Annotated[SecretStr, …] is its origin.
    types = [getattr(part, "__origin__", part) for part in get_args(field.annotation)]
    is_secret = SecretStr in (field.annotation, *types)
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


def _print_table(variables: list[Variable]) -> None:
    from rich.table import Table

    from services.cli.output.console import StdoutConsole

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("variable", no_wrap=True)
    for name in ("read by", "default", "meaning"):
        table.add_column(name, overflow="fold")
    for variable in variables:
        both = len(variable.services) > 1
        meaning = variable.meaning + (f" ({', '.join(variable.values)})" if variable.values else "")
        meaning += f" [dim]· with {variable.read_where}[/]" if variable.read_where else ""
        table.add_row(
            variable.name,
            "both" if both else variable.services[0],
            REQUIRED if variable.required else variable.default or "-",
            meaning + (" [dim]· secret[/]" if variable.secret else ""),
        )
    StdoutConsole().print(table)
