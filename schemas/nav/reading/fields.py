"""Reading the value of one of NAV's records into a model, and the types of its fields.

A model names only the fields by which something is decided. All others are left alone, whatever they hold: a
model that is too exact breaks when the publisher changes a field that nobody here needs (contract 7).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, TypeVar

from annotated_types import Ge, Le
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from schemas.codes import is_code, without_blanks
from schemas.dates import FIRST_YEAR, LAST_YEAR_OF_FACTS
from schemas.messages import fault_sentence
from schemas.nav.avro import AvroFault, WriterSchemaOf, read_value
from schemas.wire import InvalidRecord, Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PERSON_ID_DIGITS = 11
DAY_MILLISECONDS = 86_400_000
OWN_FAULT = "nav_"
"""How the types of our own faults begin; their texts hold no value and may be shown as they are."""


class NavModel(BaseModel):
    """An object in one of NAV's values. The fields are read by NAV's own names, in camel case, so that a fault
    is reported with the path that the publisher knows.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        alias_generator=to_camel,
        validate_by_name=True,
    )


def _person_id(value: str) -> str:
    # The check digits are not verified: test numbers, and the numbers issued from 2032 on, do not keep the rule.
    if not is_person_id(value):
        raise PydanticCustomError("nav_person_id", "is not a person's number of 11 digits")
    return value


def is_person_id(value: object) -> bool:
    """Whether this is text of 11 digits: a birth number, d-number or test number. Aktør ids have 13 digits."""
    return (
        isinstance(value, str)
        and len(value) == PERSON_ID_DIGITS
        and value.isascii()
        and value.isdecimal()
    )


BlankFreeText = Annotated[str, BeforeValidator(without_blanks)]
PersonId = Annotated[BlankFreeText, AfterValidator(_person_id)]

# The bounds of schemas.dates.Day.
_FIRST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_LAST = datetime(LAST_YEAR_OF_FACTS, 12, 31, tzinfo=UTC)
_FIRST_DAY, _LAST_DAY = ((bound - _EPOCH).days for bound in (_FIRST, _LAST))
Millis = Annotated[int, Ge(_FIRST_DAY * DAY_MILLISECONDS), Le(_LAST_DAY * DAY_MILLISECONDS)]
"""An instant as milliseconds since 1970-01-01T00:00Z."""

DayNumber = Annotated[int, Ge(_FIRST_DAY), Le(_LAST_DAY)]
"""A date as the number of days since 1970-01-01."""

Model = TypeVar("Model", bound=NavModel)


def read_json(model: type[Model], record: Record) -> Model | InvalidRecord:
    """The record's JSON value as `model`, or why it is not one. Never raises, whatever the bytes are."""
    try:
        return model.model_validate_json(record.value or b"", strict=True)
    except ValidationError as error:
        return InvalidRecord(None, reason_of(error))
    except (ValueError, RecursionError):
        return InvalidRecord(None, "The value is not JSON in UTF-8.")


def read_avro(
    model: type[Model], record: Record, writer_schema_of: WriterSchemaOf | None
) -> Model | InvalidRecord:
    """The record's Avro value as `model`, or why it is not one. Never raises, whatever the bytes are."""
    try:
        value = read_value(record.topic, record.value or b"", writer_schema_of)
        return model.model_validate(value, strict=True)
    except AvroFault as fault:
        return InvalidRecord(None, str(fault))
    except ValidationError as error:
        return InvalidRecord(None, reason_of(error))


def reason_of(error: ValidationError) -> str:
    """One sentence that names the field by the publisher's own path; it holds no value."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    first = faults[0]
    # A missing object most often comes as null, which pydantic reports as an object of the wrong type.
    absent = first["type"] == "model_type" and first["loc"]
    if not absent and not first["type"].startswith(OWN_FAULT):
        return fault_sentence(error)
    fault = "is missing or is not an object" if absent else first["msg"]
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    field = ".".join(str(part) for part in first["loc"])
    return f"{field or 'the value'} {fault}{more}."


def key_fault(record: Record, id_: str, field: str) -> InvalidRecord | None:
    """The fault of a record whose key is not the id that its value has in `field`; None where it is."""
    if record.key == id_.encode():
        return None
    return InvalidRecord(None, f"The key is not {field} of the value.")


def is_true(value: object) -> bool:
    """Whether a flag is true; NAV writes it as a boolean or as text, and often leaves it out."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def is_false(value: object) -> bool:
    """Whether a flag is false, and not absent."""
    return value is False or (isinstance(value, str) and value.lower() == "false")


def instant_of(milliseconds: int) -> datetime:
    """The instant, in UTC, of a number of milliseconds since 1970-01-01T00:00Z."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def day_of(number: int) -> date:
    """The date of a number of days since 1970-01-01."""
    return (_EPOCH + timedelta(days=number)).date()


def kafka_time(record: Record) -> datetime:
    """The record's Kafka timestamp as an instant in UTC, held between 1970 and 2100; -1 (not set) gives 1970."""
    last = int(_LAST.timestamp()) * 1000
    return instant_of(min(max(record.timestamp_ms, 0), last))


def plain_text(value: object, characters_max: int) -> str | None:
    """A text by which nothing is decided; None where it is no text, too long or not printable."""
    return (
        value
        if isinstance(value, str) and value.isprintable() and len(value) <= characters_max
        else None
    )


def code_or_none(value: object) -> str | None:
    """A code by which nothing is decided; None where it is none."""
    return value if isinstance(value, str) and is_code(value) else None
