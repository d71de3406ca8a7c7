"""Makes templates and data at random, from a grammar of Go's template language.

Most are valid, some fail when they are executed, and a part is damaged so that they fail to parse.
"""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

_T = TypeVar("_T")

_TEXTS: tuple[str, ...] = (
    "",
    "a",
    "hello",
    "Ant <b>&'\"=",
    "héllo wörld",
    "日本語",
    "a\nb\tc",
    "\\",
    "😀!",
    "%d",
    "0",
)
_TEXTS += (
    "true",
    "x" * 12,
    "`",
    "\u200b\u00a0",
    "\x00\x1f\x7f",
    "\ufeffbom",
    "\ufffd",
    "{{",
    "  sp ",
)
_NUMBERS: tuple[float, ...] = (
    0,
    1,
    2,
    3,
    -1,
    7,
    10,
    255,
    1000000,
    123456789,
    1e20,
    1e21,
    -0.0,
    0.5,
    1.25,
    -3.75,
)
_NUMBERS += (1e-5, 0.0001, 2**53, 1e100, 5e-324, 1.7976931348623157e308, 0.1, 100, 99999.5, 3.0)
_KEYS = ("a", "b", "c", "Name", "n", "list", "deep", "é", "x1", "_u")
_CONSTANTS: tuple[str, ...] = (
    "0",
    "1",
    "2",
    "3",
    "-1",
    "+5",
    "10",
    "0x1F",
    "-0x1e",
    "0b101",
    "0o17",
    "017",
    "1_000",
)
_CONSTANTS += ("1.5", ".5", "1.", "1e3", "1E-2", "0x1p4", "1_0.2_5", "'a'", "'\\n'", "'é'", "'\\''")
_CONSTANTS += ("true", "false", '"s"', '"\\x41\\u00e9\\xff"', "`raw\\n`", '"a\\tb\\"c"', '""')
_RARE = (
    "2i",
    "1+2i",
    "9223372036854775807",
    "9223372036854775808",
    "08",
    "1__0",
    "0x",
    "'ab'",
    "nil",
)
_NEVER_WRONG = ("print", "println", "html", "js", "urlquery", "and", "or", "not")
_LIKELY: tuple[str, ...] = (
    "len .list",
    "len .Name",
    'eq .Name "a"',
    'index .deep "a"',
    "index .list 0",
    "slice .Name 1",
)
_LIKELY += (
    "lt .n 2.5",
    "gt .n 0.",
    "le .Name `b`",
    "ne .c nil",
    "slice .list 1",
    'slice "héllo" 0 2',
)
_LIKELY += ("ge 3 2", "eq 1 2 1", "len .deep", "slice .list 0 1", 'index .deep "list"', "eq .n .n")
_FUNCTIONS: tuple[tuple[str, int, int], ...] = (
    ("and", 1, 3),
    ("or", 1, 3),
    ("not", 1, 1),
    ("eq", 2, 3),
    ("ne", 2, 2),
    ("lt", 2, 2),
    ("le", 2, 2),
    ("gt", 2, 2),
    ("ge", 2, 2),
    ("index", 1, 3),
    ("len", 1, 1),
    ("slice", 1, 4),
    ("print", 0, 4),
    ("println", 0, 3),
    ("html", 1, 2),
    ("js", 1, 2),
    ("urlquery", 1, 2),
    ("printf", 1, 4),
    ("call", 1, 2),
)
_VERBS = "vvvddsssqxXtTbcoOUeEfFgG%wyz!é"
_LITERALS = ("", "text ", "\n", "  \n ", "a b", "}}", "{ {", "é", "{", "\t")


class Generator:
    """A source of cases; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._variables: list[str] = ["$"]
        self._loops = 0

    def case(self) -> dict[str, str]:
        """Make a template and its data."""
        self._variables, self._loops = ["$"], 0
        text = self._body(3)
        if self._chance(0.12):
            text = self._damaged(text)
        return {"text": text, "data": json.dumps(self._data(), ensure_ascii=self._chance(0.5))}

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _one(self, choices: Sequence[_T]) -> _T:
        return self._random.choice(choices)

    def _data(self) -> Any:
        if self._chance(0.05):
            return self._value(2)
        data = {key: self._value(2) for key in _KEYS if self._chance(0.75)}
        if self._chance(0.8):
            data |= {"Name": self._one(_TEXTS), "n": self._one(_NUMBERS)}
            data["list"] = [self._value(2) for _ in range(self._random.randrange(6))]
            data["deep"] = {key: self._value(1) for key in _KEYS if self._chance(0.5)}
        return data

    def _value(self, depth: int) -> Any:
        kind = self._random.randrange(8 if depth else 5)
        if kind < 2:
            return self._one(_TEXTS)
        if kind < 4:
            return self._one(_NUMBERS)
        if kind == 4:
            return self._one((None, True, False))
        if kind == 5:
            return {key: self._value(depth - 1) for key in _KEYS if self._chance(0.4)}
        return [self._value(depth - 1) for _ in range(self._random.randrange(5))]

    def _body(self, depth: int) -> str:
        return "".join(self._piece(depth) for _ in range(self._random.randrange(1, 4)))

    def _piece(self, depth: int) -> str:
        kinds: list[Callable[[int], str]] = [self._text, self._output, self._output, self._output]
        kinds += [self._declaration, self._assignment, self._comment, self._jump]
        if depth:
            kinds += [self._if, self._with, self._range, self._range, self._define]
        return self._one(kinds)(depth)

    def _text(self, _depth: int) -> str:
        return self._one(_LITERALS)

    def _action(self, inside: str) -> str:
        left = self._one(("{{", "{{", "{{", "{{ ", "{{- ", "{{-\n"))
        right = self._one(("}}", "}}", "}}", " }}", " -}}", "\n-}}"))
        return f"{left}{inside}{right}"

    def _output(self, depth: int) -> str:
        return self._action(self._pipe(depth))

    def _declaration(self, depth: int) -> str:
        name = self._one(("$x", "$y", "$long"))
        text = self._action(f"{name} := {self._pipe(depth)}")
        self._variables.append(name)
        return text

    def _assignment(self, depth: int) -> str:
        name = self._one(self._variables[1:] or ["$x"])
        if len(self._variables) == 1 and self._chance(0.9):
            return self._output(depth)
        return self._action(f"{name} = {self._pipe(depth)}")

    def _comment(self, _depth: int) -> str:
        return self._one(("{{/* c */}}", " {{- /* c }} */ -}} ", "{{/**/}}", "{{/* c */ -}}  "))

    def _jump(self, depth: int) -> str:
        if not self._loops and self._chance(0.95):
            return self._output(depth)
        return self._action(self._one(("break", "continue")))

    def _scoped(self, make: Callable[[], str]) -> str:
        known = len(self._variables)
        text = make()
        del self._variables[known:]
        return text

    def _head(self, depth: int) -> str:
        if not self._chance(0.2):
            return self._pipe(depth)
        name = self._one(("$v", "$x"))
        text = f"{name} := {self._pipe(depth)}"
        self._variables.append(name)
        return text

    def _if(self, depth: int) -> str:
        return self._scoped(lambda: self._if_text(depth))

    def _if_text(self, depth: int) -> str:
        text = self._action(f"if {self._head(depth)}") + self._body(depth - 1)
        while self._chance(0.25):
            text += self._action(f"else if {self._head(depth)}") + self._body(depth - 1)
        return text + self._else(depth) + self._action("end")

    def _with(self, depth: int) -> str:
        return self._scoped(
            lambda: (
                self._action(f"with {self._head(depth)}")
                + self._body(depth - 1)
                + self._else(depth)
                + self._action("end")
            )
        )

    def _range(self, depth: int) -> str:
        return self._scoped(lambda: self._range_text(depth))

    def _range_text(self, depth: int) -> str:
        form = self._random.randrange(4)
        over = self._one((".list", ".deep", "$.list", ".", self._operand(depth), self._pipe(depth)))
        if form == 1:
            head, names = f"range $v := {over}", ["$v"]
        elif form == 2:
            head, names = f"range $k, $v := {over}", ["$k", "$v"]
        else:
            head, names = f"range {over}", []
        self._variables += names
        self._loops += 1
        text = self._action(head) + self._body(depth - 1)
        self._loops -= 1
        return text + self._else(depth) + self._action("end")

    def _else(self, depth: int) -> str:
        return self._action("else") + self._body(depth - 1) if self._chance(0.4) else ""

    def _define(self, depth: int) -> str:
        name = self._one(("one", "two"))
        if self._chance(0.4):
            return self._action(f'template "{name}" {self._operand(depth)}')
        variables, loops = self._variables, self._loops
        pipe = self._pipe(depth)
        self._variables, self._loops = ["$"], 0
        body = self._piece(0)
        self._variables, self._loops = variables, loops
        if self._chance(0.5):
            return self._action(f'block "{name}" {pipe}') + body + self._action("end")
        return self._action(f'define "{name}"') + body + self._action("end")

    def _pipe(self, depth: int) -> str:
        commands = [self._command(depth)]
        while self._chance(0.25):
            commands.append(self._function(depth, piped=1))
        return self._one((" | ", "|", "| ")).join(commands)

    def _command(self, depth: int) -> str:
        if self._chance(0.55):
            return self._function(depth)
        if self._chance(0.02):
            return f"{self._operand(depth)} {self._operand(depth)}"
        return self._operand(depth)

    def _function(self, depth: int, piped: int = 0) -> str:
        if not piped and self._chance(0.3):
            return self._one(_LIKELY)
        name, least, most = self._one(_FUNCTIONS)
        if name not in _NEVER_WRONG and self._chance(0.6):
            name, least, most = self._one(_NEVER_WRONG), 1, 1 + piped
        if name == "printf" or self._chance(0.12):
            return self._printf(depth, piped)
        count = self._random.randint(least, most) - piped
        count += self._one((0,) * 40 + (1, -1))
        operands = [self._operand(depth) for _ in range(max(count, 0))]
        if name in ("index", "slice") and len(operands) > 1 and self._chance(0.7):
            keys = ("0", "1", "2", '"a"', '"n"', "3")
            operands[1:] = [self._one(keys) for _ in operands[1:]]
            operands[0] = self._one((".list", ".Name", ".deep", ".", "$.b", '"héllo"', operands[0]))
        return " ".join([name, *operands])

    def _printf(self, depth: int, piped: int) -> str:
        form, wanted = "", -piped
        for _ in range(self._random.randrange(1, 4)):
            form += self._one(("", "", "x", " ", "é")) + self._directive()
            wanted += 1
        wanted += self._one((0, 0, 0, 0, 1, -1))
        quoted = form.replace("\\", "\\\\").replace('"', '\\"')
        return " ".join([f'printf "{quoted}"', *(self._operand(depth) for _ in range(wanted))])

    def _directive(self) -> str:
        flags = "".join(self._one("+-# 0") for _ in range(self._one((0, 0, 0, 1, 1, 2))))
        width = self._one(("", "", "", "5", "12", "*", "1", "[1]*"))
        places = self._one(("", "", "", ".", ".0", ".2", ".5", ".*", ".20"))
        number = self._one(("",) * 12 + ("[1]", "[2]", "[3]", "[0]", "[x]", "["))
        return f"%{flags}{width}{places}{number}{self._one(_VERBS)}"

    def _operand(self, depth: int) -> str:
        kind = self._random.randrange(12)
        if kind < 5:
            return self._field()
        if kind < 7:
            return self._one(_RARE if self._chance(0.03) else _CONSTANTS)
        if kind == 7:
            return "."
        if kind == 8:
            variable = self._one(self._variables)
            return f"{variable}{self._one(('', '', '.a', '.deep.b', '.n'))}"
        if depth <= 0:
            return self._field()
        inner = self._pipe(depth - 1)
        return f"({inner}){self._one(('', '', '', '.a', '.b.c'))}"

    def _field(self) -> str:
        if self._chance(0.2):
            return f".deep.{self._one(_KEYS)}"
        return "".join(f".{self._one(_KEYS)}" for _ in range(self._one((1,) * 12 + (2, 3))))

    def _damaged(self, text: str) -> str:
        for _ in range(self._random.randrange(1, 3)):
            place = self._random.randrange(len(text) + 1)
            if self._chance(0.5):
                text = text[:place] + text[place + 1 :]
            else:
                text = text[:place] + self._one("{}()|.$\"'`- =,:/*@1a\n\\") + text[place:]
        return text
