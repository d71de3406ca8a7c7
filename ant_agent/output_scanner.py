"""Reads a task's output as it passes: what it sets for later tasks, its lines when asked for."""

import re

from formicary.domain.log_streams import Stream

_SET_OUTPUT = re.compile(rb"^::set-output name=([^:\r\n]{1,200})::(.*?)\r?$")
_MARK = b"::set-output "
_MAX_LINE = 64 * 1024
_MAX_CONTEXT = 128 * 1024
_MAX_STDOUT = 256 * 1024


class OutputScanner:
    """Sees blocks of any size; remembers a bounded amount however much there is."""

    def __init__(self, *, keep_lines: bool) -> None:
        self.context: dict[str, str] = {}
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self._keep_lines = keep_lines
        self._rest = dict.fromkeys(Stream, b"")
        self._context_size = 0
        self._lines_size = 0

    def feed(self, block: bytes, stream: Stream = Stream.STDOUT) -> None:
        """Take the next block; the streams do not break each other's lines."""
        if self._rest[stream]:
            block = self._rest[stream] + block
        end = block.rfind(b"\n") + 1
        # An endless line is cut; only its first part can be a directive.
        self._rest[stream] = block[end:][:_MAX_LINE]
        if end and (self._keep_lines or _MARK in block):
            for line in block[:end].splitlines():
                self._take(line)

    def finish(self) -> None:
        """Take what came after the last line end."""
        for stream, rest in self._rest.items():
            if rest:
                self._take(rest)
            self._rest[stream] = b""

    def _take(self, line: bytes) -> None:
        found = _SET_OUTPUT.match(line)
        if found is not None:
            self.put(found[1].decode(errors="replace").strip(), found[2].decode(errors="replace"))
        if self._keep_lines:
            self._keep(line)

    def put(self, name: str, value: str) -> None:
        """Set an output for later tasks, as `::set-output` does."""
        self._context_size += len(name) + len(value)
        if self._context_size > _MAX_CONTEXT:
            self._warn(f"::set-output {name} ignored: more than {_MAX_CONTEXT} bytes in all")
        else:
            self.context[name] = value

    def _keep(self, line: bytes) -> None:
        self._lines_size += len(line) + 1
        if self._lines_size > _MAX_STDOUT:
            self._keep_lines = False
            self._warn(f"stdout is reported only up to {_MAX_STDOUT} bytes")
        else:
            self.lines.append(line.decode(errors="replace"))

    def _warn(self, text: str) -> None:
        if text not in self.warnings and len(self.warnings) < 10:
            self.warnings.append(text)
