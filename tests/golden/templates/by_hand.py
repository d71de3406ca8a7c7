"""Cases written by hand: each rule of Go's template language at least once, and its faults.

`by_hand.txt` has a template a line, all with the data of `ANT`.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

ANT: dict[str, Any] = {
    "Name": "ant",
    "empty": "",
    "n": 3,
    "zero": 0,
    "neg": -2.5,
    "big": 1e21,
    "million": 1000000,
    "real": 0.1,
    "yes": True,
    "no": False,
    "nothing": None,
    "uni": "héllo 日本 😀",
    "html": "<a href=\"x\" title='y'>&amp;\x00</a>",
    "list": ["a", "b", "c"],
    "none": [],
    "mixed": [1, "two", None, True, [3, "4"], {"k": 5}],
    "map": {"b": 2, "a": 1, "c": {"d": "deep"}},
    "void": {},
    "da-sh": "dashed",
    "items": [
        {"name": "one", "on": True},
        {"name": "two", "on": False},
        {"name": "three", "on": True},
    ],
}

_TEXTS = Path(__file__).with_name("by_hand.txt").read_text(encoding="utf-8").strip("\n")


_MULTILINE = (
    "{{/* head\n*/ -}}\n{{range .list}}\n- {{.}}\n{{- end}}\n",
    "{{range .items -}}\n{{.name}}: {{if .on -}} on {{- else -}} off {{- end}}\n{{end -}}\n",
    "line one\n{{.Name}}\n  {{- /* gone */ -}}\n\n{{.n}}\r\n{{- .n}}",
    "a\n\nb{{\n  index\n  .list\n  9\n}}",
    "{{.Name\n}}|{{\n.Name}}",
    '{{print\n"a"\n"b"}}',
    "x\ny\n{{if .Name}}\n{{nope}}\n{{end}}",
    "{{`raw\nwith a \r\nline`}}",
    '{{"\n"}}',
    "\ufeff{{.Name}}",
    "\x00{{.Name}}\x7f",
    "{{.é}}{{$é := 1}}{{$é}}{{.日本}}{{.x²}}",
    "{{print `a` \"\t\"}}\t{{'\t'}}",
    "{{.Name\u00a0}}",
    "",
    " \n\t",
)

_VERBS = "vTtdboOxXcqUeEfFgGsp"
_VALUES = ("1", "-42", "3.25", '"a\\"é"', "true", ".list", ".map", "nil", ".n", "'x'", ".million")


def _verbs() -> Iterator[str]:
    """Yield each verb with each kind of value, under a few flags."""
    for value in _VALUES:
        for form in ("", "8", "-8", "08", "+", "#", " ", ".2", "+8.3", "#0"):
            verbs = [verb for verb in _VERBS if verb != "p" or value not in (".list", ".map")]
            directives = "|".join(f"%{form}{verb}" for verb in verbs)
            yield f'{{{{printf "{directives}" {" ".join([value] * len(verbs))}}}}}'


_OPERANDS = (
    "1",
    "1.5",
    '"a"',
    "true",
    "nil",
    ".n",
    ".Name",
    ".list",
    ".nothing",
    ".missing",
    "'a'",
)


def _comparisons() -> Iterator[str]:
    for name, one, other in product(("eq", "ne", "lt", "le", "gt", "ge"), _OPERANDS, _OPERANDS):
        yield f"{{{{{name} {one} {other}}}}}"


_ROOTS: tuple[tuple[str, str], ...] = tuple(
    product(
        (
            "{{.}}",
            "{{.x}}",
            "{{$}}",
            "{{range .}}{{.}};{{else}}e{{end}}",
            "{{len .}}",
            "{{if .}}T{{end}}",
            "{{index . 0}}",
            '{{printf "%v %T" . .}}',
            "{{print .}}",
            "{{html .}}",
            "{{eq . 1.0}}",
            "{{with .}}w{{end}}",
        ),
        (
            "null",
            "3",
            "-0",
            "1e3",
            '"text"',
            "true",
            "[1,[2,null]]",
            '{"x":{"y":null}}',
            '""',
            "[]",
            "{}",
        ),
    )
)
_FLOATS = [
    "0",
    "1",
    "-1",
    "0.1",
    "1.0",
    "100000",
    "999999",
    "1000000",
    "1234567",
    "123456.7",
    "1234567.8",
    "0.0001",
    "0.00001",
    "1e20",
    "1e21",
    "1e-7",
    "5e-324",
    "1.7976931348623157e308",
    "9007199254740993",
    "3.0000000000000004",
    "1E+2",
    "-0.0",
    "2.50",
    "12345678901234567890",
]
_FLOAT_FORMS = "%v %g %.3g %f %e %.2f %6.1f|%-8v|%08v %T"

CASES: list[tuple[str, Any]] = [
    *((text, ANT) for text in _TEXTS.split("\n")),
    *((text, ANT) for text in _MULTILINE),
    *((text, ANT) for text in _verbs()),
    *((text, ANT) for text in _comparisons()),
    *_ROOTS,
    *(
        (
            f'{{{{.n}}}} {{{{printf "{_FLOAT_FORMS}"{" .n" * 10}}}}}',
            f'{{"n":{number}}}',
        )
        for number in _FLOATS
    ),
]
