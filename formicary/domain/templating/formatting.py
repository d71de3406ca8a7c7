"""One value by one verb of printf, with its flags: the rules of Go's fmt package."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formicary.domain.templating.floats import float_text
from formicary.domain.templating.quoting import (
    can_backquote,
    character_of,
    quote,
    quote_character,
)
from formicary.domain.templating.values import (
    Byte,
    Missing,
    kind_of,
    sort_key,
    to_bytes,
    type_name,
)

MAX_SIZE = 1024 * 1024
MAX_NESTING = 100
_NIL = "<nil>"
_BASES = {"d": "d", "v": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES = {"b": "0b", "x": "0x", "X": "0X"}
_FLOAT_VERBS = {"v": "g", "F": "f"}


@dataclass(slots=True)
class Flags:
    """What stands between the percent sign and the verb."""

    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    sharp_v: bool = False
    width: int | None = None
    precision: int | None = None


class Writer:
    """Collects what is written, up to a limit; ValueError when it is reached."""

    def __init__(self) -> None:
        """Start empty."""
        self.pieces: list[str] = []
        self._size = 0

    def write(self, text: str) -> None:
        """Add a text."""
        self._size += len(text)
        if self._size > MAX_SIZE:
            raise ValueError("the text grows over 1 MiB")
        self.pieces.append(text)

    def pad(self, text: str, flags: Flags, *, zeros: bool | None = None) -> None:
        """Add a text, filled up to the width."""
        fill = "0" if (flags.zero if zeros is None else zeros) else " "
        missing = (flags.width or 0) - len(text)
        if missing <= 0:
            self.write(text)
            return
        if missing > MAX_SIZE:
            raise ValueError("printf pads to more than 1 MiB")
        self.write(text + fill * missing if flags.minus else fill * missing + text)

    def value(self, value: Any, verb: str, flags: Flags) -> None:
        """Add a value by a verb."""
        if value is None or isinstance(value, Missing):
            if verb in "Tv":
                self.pad(_NIL, flags)
            else:
                self._bad(None, verb, flags)
        elif verb == "T":
            self.pad(_truncated(type_name(value), flags), flags)
        elif verb == "p" and kind_of(value) in ("list", "map"):
            raise ValueError("%p has no meaning here: values have no address")
        elif verb == "w" and kind_of(value) in ("list", "map"):
            self._bad(value, verb, flags)
        else:
            self._any(value, verb, flags, 0)

    def _any(self, value: Any, verb: str, flags: Flags, depth: int) -> None:
        if depth > MAX_NESTING:
            raise ValueError("the value is nested too deeply")
        kind = kind_of(value)
        if kind == "nil":
            self.write("interface {}(nil)" if flags.sharp_v else _NIL)
        elif kind == "map":
            self._map(value, verb, flags, depth)
        elif kind == "list":
            self._list(value, verb, flags, depth)
        elif verb in _VERBS[kind]:
            _WRITERS[kind](self, value, verb, flags)
        else:
            self._bad(value, verb, flags)

    def _bad(self, value: Any, verb: str, flags: Flags) -> None:
        if value is None:
            self.write(f"%!{verb}({_NIL})")
            return
        self.write(f"%!{verb}({type_name(value)}=")
        self._any(value, "v", flags, 0)
        self.write(")")

    def _map(self, value: Mapping[Any, Any], verb: str, flags: Flags, depth: int) -> None:
        self.write(f"{type_name(value)}{{" if flags.sharp_v else "map[")
        for place, key in enumerate(sorted(value, key=sort_key)):
            if place:
                self.write(", " if flags.sharp_v else " ")
            self._any(str(key), verb, flags, depth + 1)
            self.write(":")
            self._any(value[key], verb, flags, depth + 1)
        self.write("}" if flags.sharp_v else "]")

    def _list(self, value: Sequence[Any], verb: str, flags: Flags, depth: int) -> None:
        self.write(f"{type_name(value)}{{" if flags.sharp_v else "[")
        for place, item in enumerate(value):
            if place:
                self.write(", " if flags.sharp_v else " ")
            self._any(item, verb, flags, depth + 1)
        self.write("}" if flags.sharp_v else "]")

    def truth_value(self, value: bool, _verb: str, flags: Flags) -> None:
        """Add a truth value."""
        self.pad("true" if value else "false", flags)

    def text(self, value: str, verb: str, flags: Flags) -> None:
        """Add a text."""
        value = str(value)
        if verb in "xX":
            self._hexadecimal(value, verb, flags)
            return
        value = _truncated(value, flags)
        if verb == "q" or (verb == "v" and flags.sharp_v):
            backquoted = flags.sharp and can_backquote(value)
            value = f"`{value}`" if backquoted else quote(value, ascii_only=flags.plus)
        self.pad(value, flags)

    def _hexadecimal(self, value: str, verb: str, flags: Flags) -> None:
        raw = to_bytes(value)
        raw = raw if flags.precision is None else raw[: flags.precision]
        prefix = f"0{verb}" if flags.sharp and raw else ""
        digits = raw.hex(" ") if flags.space and raw else raw.hex()
        if flags.space and prefix:
            digits = digits.replace(" ", f" {prefix.lower()}")
        self.pad(prefix + (digits.upper() if verb == "X" else digits), flags)

    def integer(self, value: int, verb: str, flags: Flags) -> None:
        """Add a whole number."""
        if verb == "c":
            self.pad(character_of(value), flags)
        elif verb == "q":
            self.pad(quote_character(value, ascii_only=flags.plus), flags)
        elif verb == "U":
            self._unicode(value, flags)
        elif verb == "v" and flags.sharp_v and isinstance(value, Byte):
            self.pad(f"0x{int(value):x}", flags, zeros=False)
        else:
            self._in_base(value, verb, flags)

    def _unicode(self, value: int, flags: Flags) -> None:
        number = value % 2**64
        text = f"U+{number:0{max(flags.precision or 0, 4)}X}"
        if flags.sharp and number < 0x110000 and chr(number).isprintable():
            text += f" '{chr(number)}'"
        self.pad(text, flags, zeros=False)

    def _in_base(self, value: int, verb: str, flags: Flags) -> None:
        signed = value < 0 or flags.plus or flags.space
        least = flags.precision
        if least == 0 and value == 0:
            self.pad("", flags, zeros=False)
            return
        if least is None and flags.zero and flags.width is not None:
            least = flags.width - signed
        if least is not None and least > MAX_SIZE:
            raise ValueError("printf pads to more than 1 MiB")
        digits = f"{abs(value):{_BASES[verb]}}".rjust(least or 0, "0")
        if flags.sharp:
            octal = "0" if verb in "oO" and digits[0] != "0" else ""
            digits = _PREFIXES.get(verb, octal) + digits
        if verb == "O":
            digits = f"0o{digits}"
        sign = "-" if value < 0 else ("+" if flags.plus else " " if flags.space else "")
        self.pad(sign + digits, flags, zeros=False)

    def real(self, value: float, verb: str, flags: Flags) -> None:
        """Add a float."""
        precision = 6 if verb in "feEF" and flags.precision is None else flags.precision
        if precision is not None and precision > MAX_SIZE:
            raise ValueError("printf writes more than 1 MiB")
        verb = _FLOAT_VERBS.get(verb, verb)
        text = float_text(value, verb, precision)
        text = text if text[0] in "+-" else f"+{text}"
        if flags.space and text[0] == "+" and not flags.plus:
            text = f" {text[1:]}"
        if text[1] in "IN":
            bare = text[1] == "N" and not flags.space and not flags.plus
            self.pad(text[1:] if bare else text, flags, zeros=False)
            return
        if flags.sharp and verb != "b":
            text = _with_point(text, verb, precision)
        self._signed(text, flags)

    def _signed(self, text: str, flags: Flags) -> None:
        if not flags.plus and text[0] == "+":
            self.pad(text[1:], flags)
        elif flags.zero and flags.width is not None and flags.width > len(text):
            self.pad(text[0] + text[1:].rjust(flags.width - 1, "0"), flags)
        else:
            self.pad(text, flags)

    def imaginary(self, value: complex, verb: str, flags: Flags) -> None:
        """Add a complex number."""
        plus = flags.plus
        self.write("(")
        self.real(value.real, verb, flags)
        flags.plus = True
        self.real(value.imag, verb, flags)
        flags.plus = plus
        self.write("i)")


_VERBS = {
    "bool": "tv",
    "int": "vdboOxXcqU",
    "float": "vbgGxXfeEF",
    "complex": "vbgGxXfeEF",
    "text": "vsxXq",
}
_WRITERS: dict[str, Callable[[Writer, Any, str, Flags], None]] = {
    "bool": Writer.truth_value,
    "int": Writer.integer,
    "float": Writer.real,
    "complex": Writer.imaginary,
    "text": Writer.text,
}


def _truncated(text: str, flags: Flags) -> str:
    return text if flags.precision is None else text[: flags.precision]


def _with_point(text: str, verb: str, precision: int | None) -> str:
    """Do what the flag # asks for: a decimal point always, and the zeros at the end."""
    wanted = 0
    if verb in "gGx":
        wanted = 6 if precision is None else precision
    marks = "pP" if verb in "xX" else "eEpP"
    end = next((place for place, mark in enumerate(text) if mark in marks and place), len(text))
    number, tail = text[:end], text[end:]
    seen = False
    for character in number[1:]:
        if character == ".":
            continue
        seen = seen or character != "0"
        wanted -= seen
    if "." not in number:
        wanted -= len(number) == 2 and number[1] == "0"
        number += "."
    return number + "0" * max(wanted, 0) + tail
