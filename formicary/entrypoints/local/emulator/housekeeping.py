"""Keeps a long-running emulator small: it would keep every log line, and hash all code again."""

from __future__ import annotations

import importlib
import time
from typing import Any

_LINES_A_STREAM = 2000
_LOG_SECONDS = 24 * 3600


class Housekeeping:
    """Done in the parent before each snapshot, so that the child and the next one have less."""

    def __init__(self, functions: Any) -> None:
        self._functions = functions
        self._logs: Any = importlib.import_module("ministack.services.cloudwatch_logs")
        self._write_blob = functions._write_code_blob  # noqa: SLF001
        self._known: dict[int, tuple[bytes, str]] = {}
        functions._write_code_blob = self._name_of  # noqa: SLF001

    def do(self) -> None:
        """Cut logs and store new code."""
        self._store_code()
        self._cut_logs()

    def _store_code(self) -> None:
        known = {}
        for function in self._functions._functions._data.values():  # noqa: SLF001
            for version in (function, *function.get("versions", {}).values()):
                code = version.get("code_zip")
                if isinstance(code, bytes):
                    known[id(code)] = (code, self._name_of(code))
        self._known = known

    def _name_of(self, code: bytes) -> str:
        known = self._known.get(id(code))
        return known[1] if known else str(self._write_blob(code))

    def _cut_logs(self) -> None:
        oldest_ms = (time.time() - _LOG_SECONDS) * 1000
        with self._logs._log_events_lock:  # noqa: SLF001
            for group in self._logs._log_groups._data.values():  # noqa: SLF001
                for name, stream in list(group["streams"].items()):
                    events = stream["events"]
                    if events and events[-1]["timestamp"] < oldest_ms:
                        del group["streams"][name]
                    elif len(events) > 2 * _LINES_A_STREAM:
                        del events[:-_LINES_A_STREAM]
