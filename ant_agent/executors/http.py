"""HTTP_*: each script item is a URL, called in order; the first answer that is not 2xx ends it."""

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import httpx

from ant_agent.cancellation import Cancellation, StopReason, TaskStoppedError
from ant_agent.executors.address_guard import ForbiddenAddressError, Reach, guard
from ant_agent.executors.answer_file import answer_file
from ant_agent.executors.base import ExecutorResult, TaskContext
from ant_agent.task_environment import as_text
from formicary.domain.states import ErrorCode, TaskMethod
from formicary.domain.task_request import TaskRequest

_MAX_REDIRECTS = 5
_VERBS = {
    TaskMethod.HTTP_GET: "GET",
    TaskMethod.HTTP_DELETE: "DELETE",
    TaskMethod.HTTP_POST_FORM: "POST",
    TaskMethod.HTTP_POST_JSON: "POST",
    TaskMethod.HTTP_PUT_FORM: "PUT",
    TaskMethod.HTTP_PUT_JSON: "PUT",
}
_FORMS = frozenset({TaskMethod.HTTP_POST_FORM, TaskMethod.HTTP_PUT_FORM})
_JSONS = frozenset({TaskMethod.HTTP_POST_JSON, TaskMethod.HTTP_PUT_JSON})


class ResponseTooLargeError(Exception):
    """The response is larger than this ant takes."""


class NeverEndingResponseError(Exception):
    """No whole answer came in the time that this ant gives a task without `timeout`."""


class HttpSettings(Protocol):
    """What bounds the calls of tasks."""

    @property
    def http_body_limit_bytes(self) -> int:
        """The largest body of an answer."""

    @property
    def http_connect_seconds(self) -> float:
        """The time to connect."""

    @property
    def http_call_seconds(self) -> float:
        """The time for an answer, for a task without timeout."""

    @property
    def http_public_only(self) -> bool:
        """Whether public addresses alone are called."""

    @property
    def http_closed_addresses(self) -> tuple[str, ...]:
        """Addresses, with their ports, that are never called."""


class HttpHost(Protocol):
    """What makes the executor: an ant, or a function."""

    @property
    def settings(self) -> HttpSettings:
        """Its settings."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One call: what to send and where the body goes."""

    url: str
    request: TaskRequest
    task: TaskContext
    save_to: Path | None


class HttpExecutor:
    """Calls URLs from this host; certificates are verified, redirects and sizes bounded."""

    on_host = True

    def __init__(self, host: HttpHost) -> None:
        self._settings = host.settings

    def check(self) -> None:
        """Nothing is needed."""

    def open(self, task: TaskContext) -> "HttpSession":
        """Take an attempt."""
        return HttpSession(task, self._settings)

    def reap(self) -> None:
        """A call leaves nothing behind."""

    def close(self) -> None:
        """Nothing is held."""


class HttpSession:
    """One attempt."""

    def __init__(self, task: TaskContext, settings: HttpSettings) -> None:
        self._task = task
        self._body_limit = settings.http_body_limit_bytes
        self._connect_seconds = settings.http_connect_seconds
        self._call_seconds = settings.http_call_seconds
        closed = frozenset(settings.http_closed_addresses)
        self._reach = Reach(public_only=settings.http_public_only, closed=closed)

    def run_scripts(self) -> ExecutorResult:
        """Call each URL; the exit code is the status of the last one called."""
        task = self._task
        request = task.request
        result = ExecutorResult(succeeded=True)
        for number, url in enumerate(filter(None, map(str.strip, request.script)), start=1):
            save_to = answer_file(task, "response", number)
            result = self._call(_Exchange(url, request, task, save_to))
            if not result.succeeded:
                break
        if result.succeeded and not result.exit_code:
            return _failure("", "", "script names no URL")
        return result

    def run_after_script(self) -> list[str]:
        """There is no shell here for an `after_script`."""
        return [f"after_script is not run by {self._task.request.executor_opts.method}"]

    def fetch(self, patterns: Sequence[str]) -> list[str]:  # noqa: ARG002 - they are there
        """Nothing to do: bodies are written into the working directory."""
        return []

    def close(self) -> None:
        """Nothing is left open."""

    def _call(self, exchange: _Exchange) -> ExecutorResult:
        try:
            status = asyncio.run(self._until_stopped(exchange, exchange.task.cancellation))
        except TaskStoppedError as stopped:
            return ExecutorResult(succeeded=False, stopped=stopped.reason)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            return _failure("", exchange.url, reason)
        except (
            ForbiddenAddressError,
            NeverEndingResponseError,
            ResponseTooLargeError,
            OSError,
        ) as error:
            return _failure("", exchange.url, str(error))
        if 200 <= status < 300:
            return ExecutorResult(succeeded=True, exit_code=str(status))
        return _failure(str(status), exchange.url, f"HTTP status {status}")

    async def _until_stopped(self, exchange: _Exchange, cancellation: Cancellation) -> int:
        cancellation.check()
        loop = asyncio.get_running_loop()
        call = asyncio.ensure_future(self._exchange(exchange))

        def stop() -> None:
            # The loop may have closed by the time the word comes.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(call.cancel)

        cancellation.on_stop(stop)
        remaining = cancellation.remaining()
        try:
            async with asyncio.timeout(self._call_seconds if remaining is None else remaining):
                return await call
        except TimeoutError:
            if remaining is None:
                raise NeverEndingResponseError(
                    f"no whole answer came within {self._call_seconds:g} s"
                    " (FORMICARY_ANT_HTTP_CALL_SECONDS); a timeout of the task gives it longer"
                ) from None
            # The two clocks may differ by a hair.
            cancellation.stop(StopReason.TIMED_OUT)
            raise TaskStoppedError(cancellation.reason or StopReason.TIMED_OUT) from None
        except asyncio.CancelledError:
            cancellation.check()
            raise
        finally:
            cancellation.forget(stop)

    async def _exchange(self, exchange: _Exchange) -> int:
        timeout = httpx.Timeout(None, connect=self._connect_seconds)
        async with httpx.AsyncClient(
            timeout=timeout, follow_redirects=True, max_redirects=_MAX_REDIRECTS
        ) as client:
            guard(client, self._reach)
            async with client.stream(**_arguments(exchange)) as response:
                await self._receive(response, exchange)
                return response.status_code

    async def _receive(self, response: httpx.Response, exchange: _Exchange) -> None:
        size = 0
        with _open_body(exchange.save_to) as body:
            async for block in response.aiter_bytes():
                size += len(block)
                if size > self._body_limit:
                    raise ResponseTooLargeError(
                        f"the response is larger than {self._body_limit} bytes"
                    )
                body.write(block)
                exchange.task.output.write(block)


def _arguments(exchange: _Exchange) -> dict[str, Any]:
    request = exchange.request
    method = request.executor_opts.method
    url = httpx.URL(exchange.url).copy_merge_params(request.executor_opts.query)
    if url.scheme not in {"http", "https"}:
        raise ValueError(f"not an http or https URL: {exchange.url!r}")
    arguments: dict[str, Any] = {
        "method": _VERBS[method],
        "url": url,
        "headers": request.executor_opts.headers,
    }
    if method in _FORMS:
        arguments["data"] = {name: as_text(value) for name, value in _plain(request).items()}
    elif method in _JSONS:
        arguments["json"] = _plain(request)
    return arguments


def _plain(request: TaskRequest) -> Mapping[str, Any]:
    """The variables that may leave the host in a body: no secrets."""
    return {name: item.value for name, item in request.variables.items() if not item.secret}


def _open_body(path: Path | None) -> BinaryIO:
    if path is None:
        return Path(os.devnull).open("wb")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb")


def _failure(exit_code: str, url: str, reason: str) -> ExecutorResult:
    return ExecutorResult(
        succeeded=False,
        exit_code=exit_code,
        exit_message=reason,
        error_code=ErrorCode.TASK_EXECUTE,
        error_message=reason,
        failed_command=url,
    )
