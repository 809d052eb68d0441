"""Reading a foreign JSON value through a model that knows only what is needed.

The models ask for the fields that something is decided by; everything else is left alone, whatever shape it
has, because a too exact model is what broke other readers of these topics.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, TypeVar

from annotated_types import Ge, Le
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from schemas.messages import sentence
from schemas.nav.avro import AvroFault, WriterSchemaOf, read_value
from schemas.wire import InvalidRecord, Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PERSON_ID_DIGITS = 11
ID_CHARACTERS_MAX = 128
DAY_MILLISECONDS = 86_400_000
OWN_FAULT = "nav_"
"""Faults whose type begins so carry a text of our own, which may be shown as it is."""


class NavModel(BaseModel):
    """A part of one of NAV's values: names are NAV's own in camel case, so that a reason can point at them."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        alias_generator=to_camel,
        validate_by_name=True,
    )


def _person_id(value: str) -> str:
    # Check digits are not asked for: test numbers and numbers of 2032 break them, and are people all the same.
    if not is_person_id(value):
        raise PydanticCustomError("nav_person_id", "is not a person's number of 11 digits")
    return value


def is_person_id(value: object) -> bool:
    """Eleven digits; aktør ids have thirteen, and d-numbers and test numbers are numbers like others."""
    return (
        isinstance(value, str)
        and len(value) == PERSON_ID_DIGITS
        and value.isascii()
        and value.isdecimal()
    )


PersonId = Annotated[str, AfterValidator(_person_id)]

# Bounds as those of a Day: beyond them an instant cannot be turned into a date in every zone.
_FIRST, _LAST = datetime(1950, 1, 1, tzinfo=UTC), datetime(2150, 12, 31, tzinfo=UTC)
_FIRST_DAY, _LAST_DAY = ((it - _EPOCH).days for it in (_FIRST, _LAST))
NavInstant = Annotated[AwareDatetime, Ge(_FIRST), Le(_LAST)]
"""An instant with an offset and nought to nine digits of a second's fraction."""

Millis = Annotated[int, Ge(_FIRST_DAY * DAY_MILLISECONDS), Le(_LAST_DAY * DAY_MILLISECONDS)]
"""An instant in milliseconds since 1970."""
DayNumber = Annotated[int, Ge(_FIRST_DAY), Le(_LAST_DAY)]
"""A date as the number of days since 1970-01-01."""

Model = TypeVar("Model", bound=NavModel)


def read(model: type[Model], record: Record) -> Model | InvalidRecord:
    """The record's JSON value as `model`, or why it cannot be one; never raises over the bytes."""
    try:
        return model.model_validate_json(record.value or b"", strict=True)
    except ValidationError as error:
        return InvalidRecord(None, reason_of(error))
    except (ValueError, RecursionError):
        return InvalidRecord(None, "The value is not JSON in UTF-8.")


def read_avro(
    model: type[Model], record: Record, writer_schema_of: WriterSchemaOf | None
) -> Model | InvalidRecord:
    """The record's Avro value as `model`, or why it cannot be one; never raises over the bytes."""
    try:
        value = read_value(record.topic, record.value or b"", writer_schema_of)
        return model.model_validate(value, strict=True)
    except AvroFault as fault:
        return InvalidRecord(None, str(fault))
    except ValidationError as error:
        return InvalidRecord(None, reason_of(error))


def reason_of(error: ValidationError) -> str:
    """One sentence with the publisher's own field path, and never a value."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    first = faults[0]
    # NAV writes nulls out, so a part that is missing most often comes as null.
    absent = first["type"] == "model_type" and first["loc"]
    if not absent and not first["type"].startswith(OWN_FAULT):
        return sentence(error)
    fault = "is missing or is not an object" if absent else first["msg"]
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    field = ".".join(str(part) for part in first["loc"])
    return f"{field or 'the value'} {fault}{more}."


def key_fault(record: Record, id_: str, field: str) -> InvalidRecord | None:
    """A fault where the key is not the id that the value has in `field`."""
    if record.key == id_.encode():
        return None
    return InvalidRecord(None, f"The key is not {field} of the value.")


def is_true(value: object) -> bool:
    """A flag that is sometimes a boolean, sometimes text, and often absent."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def is_false(value: object) -> bool:
    """Told to be false, and not merely absent."""
    return value is False or (isinstance(value, str) and value.lower() == "false")


def instant_of(milliseconds: int) -> datetime:
    """The aware instant of so many milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def day_of(number: int) -> date:
    """The date of a day number."""
    return (_EPOCH + timedelta(days=number)).date()


def kafka_time(record: Record) -> datetime:
    """The record's Kafka timestamp as an aware instant; an unset one (-1) gives 1970."""
    last = int(_LAST.timestamp()) * 1000
    return _EPOCH + timedelta(milliseconds=min(max(record.timestamp_ms, 0), last))


def plain_text(value: object, longest: int) -> str | None:
    """A text that is nice to have and decides nothing: what is not one is left out."""
    return (
        value if isinstance(value, str) and value.isprintable() and len(value) <= longest else None
    )
