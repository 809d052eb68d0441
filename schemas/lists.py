"""A null where a list is expected is an empty list, for our own topics and for those of others (contract 2)."""

from __future__ import annotations

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class NullIsEmpty:
    """For `Annotated[tuple[X, ...], NullIsEmpty()]`, after the list's own bounds: null is read as `()`."""

    def __get_pydantic_core_schema__(self, of: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Not a validator that runs before: what it gave back would be judged as Python's values, not as JSON's.
        return core_schema.no_info_after_validator_function(
            _empty_for_null, core_schema.nullable_schema(handler(of))
        )


def _empty_for_null(value: object) -> object:
    return () if value is None else value
