"""Hides secret values in everything that leaves the host, in every form a script may print them.

Forms: plain, base64 at each of its three alignments (standard and URL-safe, padded or not), hex,
URL-encoded, JSON-escaped, and shell-quoted; of a secret of several lines each line too. Line ends
inside a form do not hide it (`base64` and `fold` break lines), nor do the borders of blocks.
"""

import base64
import bisect
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
# Shorter values stand in too much text that is no secret.
MIN_LENGTH = 4
# So much of how a secret may begin is shown while nothing follows: it is hardly ever one.
_SHOWN = MIN_LENGTH - 1
_LINE_ENDS = b"\r\n"
_LINE_END = re.compile(rb"[\r\n]+")
_END = -1
_Node = dict[int, Any]


class Secrets:
    """The forms of some secret values; shared by everything that masks them."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values for form in _forms(value)}
        self.forms: tuple[bytes, ...] = tuple(sorted(forms))
        self._beginnings: _Node = {}
        for form in self.forms:
            node = self._beginnings
            for byte in form:
                node = node.setdefault(byte, {})
            node[_END] = None

    def mask(self, text: str) -> str:
        """Return a text without the secrets."""
        if not self.forms or not text:
            return text
        masker = StreamMasker(self)
        raw = text.encode(errors="surrogateescape")
        masked = masker.feed(raw) + masker.finish()
        return masked.decode(errors="surrogateescape")

    def spans(self, text: bytes) -> list[tuple[int, int]]:
        """Return where forms stand in a text without line ends; sorted, none overlap."""
        found: list[tuple[int, int]] = []
        for form in self.forms:
            at = text.find(form)
            while at >= 0:
                found.append((at, at + len(form)))
                at = text.find(form, at + 1)
        return _merged(found)

    def open_tail(self, text: bytes) -> int:
        """Return where the earliest form begins that may go on after the end of the text."""
        longest = max(map(len, self.forms))
        for start in range(max(0, len(text) - longest + 1), len(text)):
            if self._goes_on(text, start):
                return start
        return len(text)

    def _goes_on(self, text: bytes, start: int) -> bool:
        """Whether the text from there on is the beginning, and not the whole, of a form."""
        node = self._beginnings
        for place in range(start, len(text)):
            following = node.get(text[place])
            if following is None:
                return False
            node = following
        return bool(node.keys() - {_END})


class StreamMasker:
    """Masks a stream block by block; holds back only what may turn out to be part of a secret."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._held = b""
        # So much of what is held has been shown during a pause.
        self._shown = 0
        # So much of what is held belongs to a secret, ...
        self._covered = 0
        # ... for whose beginning the mask is out already.
        self._begun = False

    @property
    def held(self) -> int:
        """How many bytes are held back."""
        return len(self._held) - self._shown

    def feed(self, block: bytes) -> bytes:
        """Take a block, return what is known not to be secret, or masked."""
        if not self._secrets.forms:
            return block
        text = self._held + block
        plain = text.translate(None, _LINE_ENDS)
        spans = self._spans(plain)
        tail = self._secrets.open_tail(plain)
        places = _Places(text, plain)
        border = places.original(tail)
        self._held = text[border:]
        ready = [(start, min(end, tail)) for start, end in spans if start < tail]
        masked = self._go_on(_masked(text[:border], ready, places, self._shown))
        self._shown = max(0, self._shown - border)
        cut = [(start, end) for start, end in spans if start <= tail < end]
        self._covered = cut[0][1] - tail if cut else 0
        if tail:
            on_this_line = not masked.endswith((b"\r", b"\n"))
            self._begun = bool(cut) and cut[0][0] < tail and on_this_line
        return masked

    def pause(self) -> bytes:
        """Return what may be shown though nobody knows what follows: nothing has for a while.

        A line must not wait for ever for its end because a secret begins like it. If it was one,
        its rest is masked; more than a few characters are not shown.
        """
        plain = self._held.translate(None, _LINE_ENDS)
        if self._covered or len(plain) > _SHOWN:
            return b""
        shown, self._shown = self._held[self._shown :], len(self._held)
        return shown

    def finish(self) -> bytes:
        """Return the rest: no more comes."""
        text, self._held = self._held, b""
        plain = text.translate(None, _LINE_ENDS)
        masked = _masked(text, self._spans(plain), _Places(text, plain), self._shown)
        masked = self._go_on(masked)
        self._covered, self._begun, self._shown = 0, False, 0
        return masked

    def _go_on(self, masked: bytes) -> bytes:
        """Leave out the mask of the rest of a secret: one stands for the whole."""
        return masked.removeprefix(MASK.encode()) if self._begun else masked

    def _spans(self, plain: bytes) -> list[tuple[int, int]]:
        spans = self._secrets.spans(plain)
        return _merged([(0, self._covered), *spans]) if self._covered else spans


class _Places:
    """Where the bytes of a text without its line ends stand in the text with them."""

    def __init__(self, text: bytes, plain: bytes) -> None:
        self._length = len(text)
        self._before: list[int] = []
        self._removed: list[int] = []
        if len(text) == len(plain):
            return
        removed = 0
        for run in _LINE_END.finditer(text):
            self._before.append(run.start() - removed)
            removed += run.end() - run.start()
            self._removed.append(removed)

    def original(self, place: int) -> int:
        """Return the place in the text with line ends: of the byte itself, behind line ends."""
        index = bisect.bisect_right(self._before, place)
        return min(self._length, place + (self._removed[index - 1] if index else 0))


def _masked(text: bytes, spans: list[tuple[int, int]], places: _Places, done: int) -> bytes:
    """Return a text with masks, without its beginning that is done."""
    if not spans:
        return text[done:]
    pieces: list[bytes] = []
    for start, end in spans:
        first, last = places.original(start), places.original(end - 1) + 1
        pieces += (text[done:first], _stars(text[max(done, first) : last]))
        done = max(done, last)
    pieces.append(text[done:])
    return b"".join(pieces)


def _stars(secret: bytes) -> bytes:
    """Mask a secret line by line, so that lines stay lines."""
    return re.sub(rb"[^\r\n]+", MASK.encode(), secret)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _forms(value: str) -> Iterator[bytes]:
    """Yield the forms of a value without line ends; nothing for one that is too short."""
    for secret in {value, *value.splitlines(), value.strip()}:
        if len(secret.strip()) < MIN_LENGTH:
            continue
        raw = secret.encode(errors="surrogateescape")
        for form in (*_texts(secret), *_encodings(raw)):
            stripped = form.translate(None, _LINE_ENDS)
            if len(stripped) >= MIN_LENGTH:
                yield stripped


def _texts(secret: str) -> Iterator[bytes]:
    quoted = {quote(secret, safe=safe) for safe in ("", "/", "~()*!'")} | {quote_plus(secret)}
    lowered = {re.sub("%..", lambda code: code[0].lower(), text) for text in quoted}
    written = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    slashed = {text.replace("/", "\\/") for text in written}
    shell = {shlex.quote(secret).strip("'"), repr(secret)[1:-1]}
    for text in {secret, *quoted, *lowered, *written, *slashed, *shell}:
        yield text.encode(errors="surrogateescape")


def _encodings(raw: bytes) -> Iterator[bytes]:
    hexadecimal = raw.hex().encode()
    yield from (hexadecimal, hexadecimal.upper())
    for before in range(3):
        # What stands around a secret changes only the characters that it shares bits with.
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + raw)[first:last]
