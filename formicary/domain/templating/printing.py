"""Go's Sprint, Sprintln and Sprintf."""

from collections.abc import Sequence
from typing import Any

from formicary.domain.templating.formatting import Flags, Writer
from formicary.domain.templating.values import Byte, Missing, joined, readable, type_name

NO_VALUE = "<no value>"
_MOST = 1_000_000
_NO_VERB = "%!(NOVERB)"


def to_text(value: Any) -> str:
    """Write a value as `{{.Value}}` shows it."""
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, Missing):
        return NO_VALUE
    return sprint([value])


def sprint(values: Sequence[Any]) -> str:
    """Join values: a space between two when neither is a text."""
    writer = Writer()
    for place, value in enumerate(values):
        if place and not isinstance(value, str) and not isinstance(values[place - 1], str):
            writer.write(" ")
        writer.value(value, "v", Flags())
    return joined(writer.pieces)


def sprintln(values: Sequence[Any]) -> str:
    """Join values by spaces, with a line end."""
    writer = Writer()
    for place, value in enumerate(values):
        if place:
            writer.write(" ")
        writer.value(value, "v", Flags())
    writer.write("\n")
    return joined(writer.pieces)


def sprintf(form: str, values: Sequence[Any]) -> str:
    """Write values by the verbs of a format."""
    printer = _Printer(form, values)
    printer.run()
    return joined(printer.writer.pieces)


class _Printer:
    """One run through a format: where we are in it, and which argument comes next."""

    def __init__(self, form: str, values: Sequence[Any]) -> None:
        self.writer = Writer()
        self._form = form
        self._values = values
        self._at = 0
        self._argument = 0
        self._reordered = False
        self._good_index = True

    def run(self) -> None:
        """Write the whole format."""
        while self._at < len(self._form):
            self._good_index = True
            percent = self._form.find("%", self._at)
            percent = len(self._form) if percent < 0 else percent
            self.writer.write(self._form[self._at : percent])
            self._at = percent + 1
            if percent < len(self._form) and not self._directive():
                break
        if not self._reordered and self._argument < len(self._values):
            self._extra()

    def _extra(self) -> None:
        self.writer.write("%!(EXTRA ")
        for place, value in enumerate(self._values[self._argument :]):
            self.writer.write(", " if place else "")
            if value is None or isinstance(value, Missing):
                self.writer.write("<nil>")
            else:
                self.writer.write(f"{type_name(value)}=")
                self.writer.value(value, "v", Flags())
        self.writer.write(")")

    def _directive(self) -> bool:
        """Write what one % asks for; False when the format ends within."""
        flags = self._flags()
        simple = self._peek()
        if "a" <= simple <= "z" and self._argument < len(self._values):
            self._at += 1
            self._write(simple, flags)
            return True
        indexed = self._width(flags, self._index())
        indexed = self._precision(flags, indexed)
        if not indexed:
            self._index()
        if self._at >= len(self._form):
            self.writer.write(_NO_VERB)
            return False
        verb = readable(self._form[self._at])
        self._at += 1
        self._verb(verb, flags)
        return True

    def _verb(self, verb: str, flags: Flags) -> None:
        if verb == "%":
            self.writer.write("%")
        elif not self._good_index:
            self.writer.write(f"%!{verb}(BADINDEX)")
        elif self._argument >= len(self._values):
            self.writer.write(f"%!{verb}(MISSING)")
        else:
            self._write(verb, flags)

    def _write(self, verb: str, flags: Flags) -> None:
        if verb == "v":
            flags.sharp_v, flags.sharp, flags.plus = flags.sharp, False, False
        self.writer.value(self._values[self._argument], verb, flags)
        self._argument += 1

    def _peek(self) -> str:
        return self._form[self._at : self._at + 1]

    def _flags(self) -> Flags:
        flags = Flags()
        while mark := self._peek():
            match mark:
                case "#":
                    flags.sharp = True
                case "0":
                    flags.zero = not flags.minus
                case "+":
                    flags.plus = True
                case "-":
                    flags.minus, flags.zero = True, False
                case " ":
                    flags.space = True
                case _:
                    break
            self._at += 1
        return flags

    def _width(self, flags: Flags, indexed: bool) -> bool:
        if self._peek() == "*":
            self._at += 1
            flags.width = self._taken()
            if flags.width is None:
                self.writer.write("%!(BADWIDTH)")
            elif flags.width < 0:
                flags.width, flags.minus, flags.zero = -flags.width, True, False
            return False
        flags.width = self._number(len(self._form))
        if indexed and flags.width is not None:
            self._good_index = False
        return indexed

    def _precision(self, flags: Flags, indexed: bool) -> bool:
        if self._peek() != "." or self._at + 1 >= len(self._form):
            return indexed
        self._at += 1
        if indexed:
            self._good_index = False
        indexed = self._index()
        if self._peek() != "*":
            flags.precision = self._number(len(self._form)) or 0
            return indexed
        self._at += 1
        flags.precision = self._taken()
        if flags.precision is not None and flags.precision < 0:
            flags.precision = None
        if flags.precision is None:
            self.writer.write("%!(BADPREC)")
        return False

    def _taken(self) -> int | None:
        """Take the next argument as a width or precision."""
        if self._argument >= len(self._values):
            return None
        value = self._values[self._argument]
        self._argument += 1
        fits = type(value) in (int, Byte) and -_MOST <= value <= _MOST
        return int(value) if fits else None

    def _number(self, end: int) -> int | None:
        """Read a number; one that is far too large swallows the rest, as it does in Go."""
        number, start = 0, self._at
        while self._at < end and "0" <= self._form[self._at] <= "9":
            if number > _MOST:
                self._at = end
                return None
            number = number * 10 + int(self._form[self._at])
            self._at += 1
        return number if self._at > start else None

    def _index(self) -> bool:
        """Read `[n]`, the number of the argument to take; tell whether it is there."""
        if self._peek() != "[":
            return False
        self._reordered = True
        start = self._at
        close = self._form.find("]", start) if len(self._form) - start >= 3 else -1
        if close < 0:
            self._at += 1
            self._good_index = False
            return False
        self._at += 1
        number = self._number(close)
        complete = number is not None and self._at == close
        self._at = close + 1
        if complete and number is not None and 1 <= number <= len(self._values):
            self._argument = number - 1
            return True
        self._good_index = False
        return complete
