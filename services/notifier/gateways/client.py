"""What every channel over HTTP shares: one bounded call, and what its answer means for a delivery (contract 6.7).

Nothing of a body, an address with its query, or a token gets into a reason, a log line or an exception from here:
a refusal is the gateway's name and the status, or the class of what went wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import Any, Protocol

import httpx
from pydantic import SecretStr

from services.notifier.domain.delivery import Failed

# Below what a turn gives a message (senders.SEND_SECONDS), so that a slow gateway is a failure of its own,
# and not a turn that ran out of time.
TIMEOUT_SECONDS = 10.0
# Where one message takes several calls: a register and a gateway, or three of one API, all within a turn's share.
ONE_OF_SEVERAL_SECONDS = 4.0
CONNECT_SECONDS = 3.0
# As long as the longest of our own waits (domain/retry.py): a gateway cannot silence a channel for a day.
LONGEST_REST = timedelta(hours=1)

_SUCCESS = range(200, 300)
_CLIENT_ERRORS = range(400, 500)
# Nothing is wrong with the message: a token, a race, or a gateway that wants to be asked later.
PASSING = frozenset({401, 403, 408, 409, 425, 429})
_SERVER_ERROR = 500
# With these the gateway says that it did not handle the request.
_NOT_HANDLED = frozenset({501, 503})
_REST_ASKED = frozenset({429, 503})


class Tokens(Protocol):
    """Where a bearer token comes from; asked before each call, so an implementation may renew it."""

    async def token(self) -> str: ...


class StaticToken:
    """The same token for ever, from a setting."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token.get_secret_value()


def static_token(token: SecretStr | None) -> Tokens | None:
    """None where no token was given: the call then has no Authorization."""
    return StaticToken(token) if token is not None else None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has come; `body` is None where it is not JSON. Its text is shown nowhere."""

    status: int
    body: Any = field(repr=False)

    @property
    def succeeded(self) -> bool:
        return self.status in _SUCCESS


class Gateway:
    """One HTTP API: its address, its token, and until when it asked to be left alone.

    `name` is what reasons call it. Redirects are not followed: a token goes where it was meant for.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        tokens: Tokens | None = None,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.name = name
        self._tokens = tokens
        self._timeout_seconds = timeout_seconds
        self._rests_until: datetime | None = None
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds)),
            # A proxy or a certificate from the environment would be a setting that nobody sees.
            trust_env=False,
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def call(  # one request has all these parts
        self,
        method: str,
        path: str,
        *,
        at: datetime,
        json: object = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | Failed:
        """The answer, whatever its status; `Failed` where none came or none is asked for yet.

        `at` is the instant of the attempt. What the token provider raises is our own trouble and passes.
        """
        if self._rests_until is not None and at < self._rests_until:
            return Failed(permanent=False, reason=f"{self.name}:rests")
        sent = dict(headers or {})
        if self._tokens is not None:
            sent["Authorization"] = f"Bearer {await self._tokens.token()}"
        try:
            # httpx's own time-outs are for each read, of which a slow gateway has many.
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._client.request(
                    method, path, json=json, params=params, headers=sent
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return self._unanswered(error, uncertain=False)
        except (httpx.HTTPError, TimeoutError) as error:
            return self._unanswered(error, uncertain=True)
        self._heed(response, at)
        return Answer(response.status_code, _body(response))

    def refused(self, answer: Answer) -> Failed | None:
        """What a status means; None for 2xx. 4xx is for good but for those that pass (PASSING)."""
        if answer.succeeded:
            return None
        status = answer.status
        return Failed(
            permanent=status in _CLIENT_ERRORS and status not in PASSING,
            reason=f"{self.name}:{status}",
            uncertain=status >= _SERVER_ERROR and status not in _NOT_HANDLED,
        )

    def unreadable(self) -> Failed:
        """A success whose body cannot be read: the gateway may have done what was asked."""
        return Failed(permanent=False, reason=f"{self.name}:unreadable", uncertain=True)

    def _unanswered(self, error: Exception, *, uncertain: bool) -> Failed:
        reason = f"{self.name}:{type(error).__name__}"
        return Failed(permanent=False, reason=reason, uncertain=uncertain)

    def _heed(self, response: httpx.Response, at: datetime) -> None:
        if response.status_code in _REST_ASKED:
            rest = retry_after(response.headers.get("Retry-After"), at)
            if rest is not None:
                self._rests_until = at + min(rest, LONGEST_REST)


def retry_after(value: str | None, at: datetime) -> timedelta | None:
    """A Retry-After header as a wait from `at`: seconds, or an HTTP date; None where it is neither."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        # The header may hold any number of digits; nine are enough, since the rest is capped by LONGEST_REST.
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(until - at, timedelta(0))


def _body(response: httpx.Response) -> object:
    try:
        return response.json()
    except (JSONDecodeError, UnicodeDecodeError, RecursionError):
        return None
