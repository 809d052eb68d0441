"""Operators' questions over HTTP: `POST /explain`, on the health server, for whoever has the token (contract 4.5).

The number stands in the body alone: a path and a query land in the logs of everything on the way.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime

import asyncpg
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.dates import OwnInstant
from services.runtime.settings import InvalidSettings
from services.scheduler.domain.people.explanation import Explanation
from services.scheduler.explain.as_json import explanation_form

BODY_BYTES_MAX = 4096
ANSWER_SECONDS = 5.0

Explain = Callable[[str, datetime | None], Awaitable[Explanation | None]]


class Question(BaseModel):
    """The body; `at` is an instant with a zone, and without it now is meant."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    person_id: str = Field(min_length=1, max_length=100, repr=False)
    at: OwnInstant | None = None


def operator_routes(token: SecretStr, explain: Explain) -> list[Route]:
    """The routes, to be added to the health server's."""
    expected = f"Bearer {token.get_secret_value()}".encode()

    async def answer(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, expected):
            return _refusal(401, "A bearer token is needed.", {"WWW-Authenticate": "Bearer"})
        body = await _body(request)
        if body is None:
            return _refusal(413, f"The body is over {BODY_BYTES_MAX} bytes long.")
        try:
            question = Question.model_validate_json(body)
        except ValidationError:
            return _refusal(
                400, 'The body is not {"person_id": text, "at": instant with zone, or absent}.'
            )
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                explanation = await explain(question.person_id, question.at)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return _refusal(503, f"PostgreSQL did not answer ({type(error).__name__}).")
        except InvalidSettings as fault:  # a rulebook that this version cannot use
            return _refusal(503, str(fault))
        if explanation is None:
            return _refusal(404, "Nothing is known of this person.")
        return JSONResponse(explanation_form(explanation), headers=_UNKEPT)

    return [Route("/explain", answer, methods=["POST"])]


_UNKEPT = {"Cache-Control": "no-store"}


def _refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence}, status, headers=_UNKEPT | (headers or {}))


async def _body(request: Request) -> bytes | None:
    """The body, or None once it is too long: what follows is not read."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            return None
    return body
