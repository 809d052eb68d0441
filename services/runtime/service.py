"""A service's life: start its parts in order, run until a signal to stop, stop them in reverse, in time.

The exit code tells the truth: 0 when it was asked to stop and everything ended well; 2 for a setting that
cannot be used, which no restart would mend; else 1. Waiting out a broker or a database that is away at the
start is the platform's work: it restarts what exits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Self

import structlog
from starlette.routing import BaseRoute

from services.runtime.health import Health, health_app
from services.runtime.http_server import HttpServer
from services.runtime.logs import configure_logs, error_fields
from services.runtime.settings import InvalidSettings, ServiceSettings

# Joining a consumer group takes seconds; a client that needs longer than this will not come up at all.
START_SECONDS = 60.0
# On top of the graceful time-out, before the process is ended the hard way.
CUT_SECONDS = 3.0
LAST_CHANCE_SECONDS = 0.5
# The grace of a service that has not started: it has no work to finish.
ABORT_SECONDS = 5.0
# How long the event loop may stand still, its health route with it.
FROZEN_SECONDS = 30.0
_LOOK_SECONDS = 1.0
_REFUSED_EXIT_CODE = 2

_log = structlog.stdlib.get_logger(__name__)

Close = Callable[[], Awaitable[object]]


class Life:
    """What a service's `start` puts its parts into."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        """Set when the service has been told to stop, or one of its parts has failed."""
        self.health = Health()
        self.routes: list[BaseRoute] = []
        """What the service answers over HTTP beside the health routes, once it has started."""
        self.clean = True
        self.refusal: InvalidSettings | None = None
        """Why the service must not start, which no restart would change."""
        self._kept: dict[asyncio.Task[object], str] = {}
        self._closes: list[tuple[str, Close]] = []

    def at_stop(self, name: str, close: Close) -> None:
        """Await `close()` at the stop, the last one added first; given what is left of the grace.

        A `close` that answers False could not end well, and the exit code says so.
        """
        self._closes.append((name, close))

    def keep(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """Run `work` until the stop. If it ends or fails before `stopping` is set, the service fails.

        At the stop it is awaited before any `close`, so it has to watch `stopping`.
        """
        task = asyncio.create_task(work, name=name)
        self._kept[task] = name
        task.add_done_callback(self._ended)

    def fail(self, reason: str, error: BaseException | None = None) -> None:
        """Stop with exit code 1."""
        self.clean = False
        _log.error("service.failed", reason=reason, **(error_fields(error) if error else {}))
        self.stopping.set()

    def refuse(self, refusal: InvalidSettings) -> None:
        """Stop with exit code 2; of several refusals the first says why."""
        if self.refusal is not None:
            return
        self.refusal = refusal
        for sentence in str(refusal).splitlines():
            _log.error("service.refused", reason=sentence)
        self.stopping.set()

    def _ended(self, task: asyncio.Task[object]) -> None:
        if task.cancelled():
            error: BaseException | None = asyncio.CancelledError()
        else:
            error = task.exception()
        if error is not None or not self.stopping.is_set():
            self.fail(f"{self._kept[task]} has ended", error)

    async def stop(self, grace_seconds: float) -> None:
        """End what is kept, then close in reverse order, all within the grace if nothing hangs.

        When it is used up, each further close still gets LAST_CHANCE_SECONDS.
        """
        grace_ends_at = time.monotonic() + grace_seconds
        if self._kept:
            _, late = await asyncio.wait(self._kept, timeout=grace_seconds)
            for task in late:
                self.clean = False
                _log.error("stop.cut_short", reason=self._kept[task])
                task.remove_done_callback(self._ended)
                task.cancel()
        for name, close in reversed(self._closes):
            left = grace_ends_at - time.monotonic()
            await self._close(name, close, max(left, LAST_CHANCE_SECONDS))

    async def _close(self, name: str, close: Close, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                if await close() is False:
                    self.clean = False
        except Exception as error:  # noqa: BLE001 - the others still have to be closed
            self.clean = False
            _log.error("stop.failed", reason=name, **error_fields(error))


Start = Callable[[Life], Awaitable[None]]


def run_service(name: str, settings: ServiceSettings, start: Start) -> int:
    """Live until SIGTERM or SIGINT and return the exit code; the process ends at once after that.

    `start` builds the parts, starts them and hands them to its `Life`; what it raises ends the
    service with 1. InvalidSettings alone is raised again, once it is logged and everything is closed, for the
    command line to print; the exit code is then 2. After a stop of more than GRACEFUL_TIMEOUT_SECONDS + 3 s, or a
    second signal, the process ends by itself with 1, in whatever state its dependencies are.
    """
    configure_logs(settings.log_level, settings.log_form)
    structlog.contextvars.bind_contextvars(service=name)
    life = Life()
    try:
        with _Cut() as cut:
            # Around asyncio.run, which waits for ever for a task that does not heed its cancel.
            asyncio.run(_live(life, settings, start, cut))
    except Exception as error:  # noqa: BLE001 - Python would print its text
        life.fail("unexpected", error)
    code = _REFUSED_EXIT_CODE if life.refusal is not None else 0 if life.clean else 1
    _log.info("service.stopped", exit_code=code)
    if life.refusal is not None:
        raise life.refusal
    return code


async def _live(life: Life, settings: ServiceSettings, start: Start, cut: _Cut) -> None:
    _heed_signals(life)
    watch = _FrozenLoopWatch()
    for weakness in settings.weaknesses():
        _log.warning("settings.weak", weakness=weakness)
    started = await _start(life, settings, start)
    if started:
        _log.info("service.started")
        await life.stopping.wait()
    grace = settings.graceful_timeout_seconds if started else ABORT_SECONDS
    cut.after(grace + CUT_SECONDS)
    await life.stop(grace)
    await _cancel_the_rest()
    watch.stop()


async def _start(life: Life, settings: ServiceSettings, start: Start) -> bool:
    """Whether all parts run; a signal while they start is a stop like any other."""
    starting = asyncio.create_task(_start_parts(life, settings, start), name="start")
    stopping = asyncio.create_task(life.stopping.wait(), name="stopping")
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
    try:
        await starting
    except asyncio.CancelledError:
        return False
    except InvalidSettings as refusal:
        life.refuse(refusal)
        return False
    except Exception as error:  # noqa: BLE001 - whatever kept it from starting is logged and ends it
        life.fail("could not start", error)
        return False
    return True


async def _start_parts(life: Life, settings: ServiceSettings, start: Start) -> None:
    server = HttpServer(
        health_app(life.health),
        name="health",
        settings_prefix="HEALTH",
        host=settings.health_host,
        port=settings.health_port,
    )
    _log.info("health.listening", host=settings.health_host, port=server.port)
    server.start()
    life.at_stop("health", server.stop)
    async with asyncio.timeout(START_SECONDS):
        await start(life)
    server.add(life.routes)
    guard = asyncio.create_task(life.health.guard(), name="guard")

    def on_guard_end(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            life.fail("is not alive", task.exception())

    guard.add_done_callback(on_guard_end)

    async def stop_guarding() -> None:
        guard.cancel()

    life.at_stop("guard", stop_guarding)


def _heed_signals(life: Life) -> None:
    def on_signal(number: signal.Signals) -> None:
        if life.stopping.is_set():
            _leave("stop.second_signal")
        _log.info("service.stopping", signal=number.name)
        life.stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)


async def _cancel_the_rest() -> None:
    """What clients leave behind when their stop is cut short."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=1.0)


def _leave(event: str) -> None:
    with contextlib.suppress(Exception):  # the log stream may be the very thing that hangs
        _log.error(event, exit_code=1)
    os._exit(1)


class _Cut:
    """Ends the process when its stop takes too long, from a thread: the event loop may hang."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def after(self, seconds: float) -> None:
        """Cut after `seconds` from now, unless left before."""
        self._timer = threading.Timer(seconds, _leave, ["stop.cut_short"])
        self._timer.daemon = True
        self._timer.start()


class _FrozenLoopWatch:
    """A thread that ends the process when the event loop stands still: nothing on it could notice."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._beat_at = time.monotonic()
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, name="frozen-loop-watch", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _beat(self) -> None:
        self._beat_at = time.monotonic()

    def _watch(self) -> None:
        looked_at = time.monotonic()
        while not self._stopped.wait(_LOOK_SECONDS):
            now = time.monotonic()
            if now - looked_at > 2 * _LOOK_SECONDS:
                # The whole process stood still (SIGSTOP), this thread too: the loop's time starts again.
                self._beat_at = now
            looked_at = now
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                self._loop.call_soon_threadsafe(self._beat)
            if now - self._beat_at > FROZEN_SECONDS:
                _leave("service.frozen")
