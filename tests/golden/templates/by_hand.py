"""Cases written by hand: each rule of Go's template language at least once, and its faults."""

from collections.abc import Iterator
from itertools import product
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

_TEXTS = r"""
plain text, { { no action } }, } and }}
{{.Name}}|{{ .Name }}|{{	.Name	}}|{{.map.c.d}}|{{.map.c}}|{{.map}}|{{.mixed}}|{{.none}}|{{.void}}
{{.n}} {{.zero}} {{.neg}} {{.big}} {{.million}} {{.real}} {{.yes}} {{.no}} {{.nothing}} {{.uni}}
{{.missing}}|{{.missing.deeper}}|{{.map.missing}}|{{$}}|{{.}}
{{.nothing.x}}
{{.Name.x}}
{{.n.x}}
{{.list.x}}
{{(.nothing).x}}|{{(.missing).x}}|{{(.map).c.d}}|{{(index .items 0).name}}
{{$x := .n}}{{$x}} {{$x = 4}}{{$x}}
{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}
{{$x := 1}}{{if true}}{{$x = 2}}{{$x}}{{end}}{{$x}}
{{$x := 1}}{{range .list}}{{$x = .}}{{end}}{{$x}}
{{$x := 1}}{{range .list}}{{$x := .}}{{$x}}{{end}}{{$x}}
{{$x := 1}}{{$x := "again"}}{{$x}}
{{$m := .map}}{{$m.c.d}} {{$.Name}} {{$m.missing}}
{{$x}}
{{$x = 1}}
{{if true}}{{$x := 1}}{{else}}{{$x}}{{end}}
{{if false}}{{$x := 1}}{{else}}{{$x}}{{end}}
{{if true}}{{$x := 1}}{{end}}{{$x}}
{{$x := $x}}
{{with $x := .Name}}{{$x}}{{end}}{{with $y := .empty}}{{$y}}{{else}}[{{$y}}]{{end}}
{{if $x := .n}}{{$x}}{{else}}no{{end}}{{if $x := .zero}}{{$x}}{{else}}{{$x}}!{{end}}
{{print ($x := 5)}}{{$x}}
{{$x, $y := .map}}
{{if .Name}}T{{else}}F{{end}}{{if .empty}}T{{else}}F{{end}}{{if .n}}T{{else}}F{{end}}{{if .zero}}T{{else}}F{{end}}
{{if .list}}T{{else}}F{{end}}{{if .none}}T{{else}}F{{end}}{{if .map}}T{{else}}F{{end}}{{if .void}}T{{else}}F{{end}}
{{if .nothing}}T{{else}}F{{end}}{{if .missing}}T{{else}}F{{end}}{{if .yes}}T{{else}}F{{end}}{{if .no}}T{{else}}F{{end}}
{{if .neg}}T{{else}}F{{end}}{{if 0.0}}T{{else}}F{{end}}{{if 0}}T{{else}}F{{end}}{{if ""}}T{{else}}F{{end}}{{if 2i}}T{{end}}
{{if eq .Name "bee"}}1{{else if eq .Name "ant"}}2{{else if true}}3{{else}}4{{end}}
{{if false}}1{{else if false}}2{{else if false}}3{{else}}4{{end}}
{{if false}}1{{else if true}}{{if false}}x{{else}}2{{end}}{{else}}3{{end}}
{{if}}x{{end}}
{{if .Name}}x
{{if .Name}}x{{else}}y{{else}}z{{end}}
{{else}}
{{end}}
{{if true}}{{end}}{{end}}
{{end x}}
{{with .map}}{{.a}}{{$.Name}}{{end}}{{with .nothing}}x{{else}}{{.Name}}{{end}}{{with .missing}}x{{end}}
{{with .Name}}{{.}}{{with $.n}}{{.}}{{end}}{{.}}{{end}}
{{with .map}}{{with .c}}{{.d}}{{end}}{{.a}}{{end}}
{{with}}x{{end}}
{{with .missing}}x{{else if true}}y{{end}}
{{range .list}}{{.}},{{end}}|{{range .none}}x{{else}}none{{end}}|{{range .missing}}x{{else}}missing{{end}}
{{range $x := .list}}{{$x}};{{end}}|{{range $i, $x := .list}}{{$i}}={{$x}};{{end}}|{{range $i, $_ := .list}}{{$i}}{{end}}
{{range .map}}{{.}},{{end}}|{{range $k, $v := .map}}{{$k}}={{$v}};{{end}}|{{range $v := .map}}{{$v}};{{end}}
{{range .nothing}}x{{else}}nil{{end}}|{{range $x := .none}}{{else}}{{$x}}{{end}}|{{range .void}}x{{else}}void{{end}}
{{range .items}}{{if .on}}{{.name}} {{end}}{{end}}|{{range $i, $e := .items}}{{if $i}}, {{end}}{{$e.name}}{{end}}
{{range .list}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}!
{{range .list}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}!
{{range .list}}{{range $.items}}{{if not .on}}{{break}}{{end}}{{.name}}{{end}}{{.}}{{end}}
{{range .list}}{{range $.none}}{{else}}{{break}}{{end}}{{.}}{{end}}
{{range .list}}{{range $.none}}{{else}}{{continue}}{{end}}{{.}}{{end}}
{{range .list}}{{with .}}{{if eq . "c"}}{{break}}{{end}}{{.}}{{end}}{{end}}
{{range .mixed}}[{{.}}]{{end}}
{{range .mixed}}{{.x}}{{end}}
{{range $i, $x := .mixed}}{{$i}}{{printf "%T" $x}} {{end}}
{{range .Name}}x{{end}}
{{range .n}}x{{end}}
{{range 3}}x{{end}}
{{range .yes}}x{{end}}
{{range 1.5}}x{{end}}
{{range}}x{{end}}
{{range .list}}{{else}}{{break}}{{end}}
{{break}}
{{continue}}
{{if true}}{{break}}{{end}}
{{range .list}}{{break x}}{{end}}
{{range $i, $j, $k := .list}}{{end}}
{{range $i, := .list}}{{end}}
{{range $i, x := .list}}{{end}}
{{range .list}}{{$x := .}}{{end}}{{$x}}
{{$i := 0}}{{$x := 0}}{{range $i, $x = .list}}{{$i}}{{$x}}{{end}}|{{$i}}{{$x}}
{{$x := 0}}{{range $x = .list}}{{$x}}{{end}}|{{$x}}
  {{- .Name -}}  |  {{- .Name}}  |  {{.Name -}}  |
a {{- "b" -}} c {{- /* comment */ -}} d
a {{- 3}} b {{-3}} c {{- -3 -}} d
{{- -}}
{{-  -}}
{{-}}
{{- .Name-}}
{{.Name - }}
{{/* a comment */}}x{{/* with }} inside */}}y{{/**/}}
{{ /* spaced */ }}
{{/* spaced */ }}
{{/* open }}
{{.Name /* inside */}}
{{"a" | print}} {{"a" | print "b" "c"}} {{.Name | printf "%s-%s" "x"}} {{.list | len | print | len}}
{{.Name | html | printf "%q" | len}}
{{.Name | .n}}
{{.Name | 3}}
{{.Name | "x"}}
{{.Name | true}}
{{.Name | .}}
{{.Name | $}}
{{.Name | nil}}
{{.Name | (print)}}
{{.Name |}}
{{.Name | }}
{{| .Name}}
{{.Name || .n}}
{{.Name .n}}
{{.missing .n}}
{{.missing.x 1}}
{{"a" "b"}}
{{3 4}}
{{. 1}}
{{$ 1}}
{{$.Name 1}}
{{(print) 1}}
{{(.map).a 1}}
{{nil}}
{{(nil)}}
{{nil | print}}
{{print nil}}
{{true}} {{false}} {{print true false}}
{{1}} {{-1}} {{+1}} {{0}} {{-0}} {{007}} {{017}} {{0o17}} {{0O17}} {{0x1f}} {{0X1F}} {{0b101}} {{1_000_000}} {{0x_ff}}
{{1.5}} {{.5}} {{1.}} {{1e3}} {{1E3}} {{1e-7}} {{1e21}} {{1e20}} {{123456789.0}} {{0x1p-2}} {{0x1.8p1}} {{1_0.5}} {{-0.0}}
{{'a'}} {{'\n'}} {{'\''}} {{'é'}} {{'\x41'}} {{'\u00e9'}} {{'\U0001F600'}} {{'\101'}} {{'"'}}
{{1i}} {{1+2i}} {{-1.5-2i}} {{1e3i}} {{0i}}
{{9223372036854775807}} {{-9223372036854775808}}
{{9223372036854775808}}
{{18446744073709551616}}
{{-9223372036854775809}}
{{1e400}}
{{08}}
{{0x}}
{{0b2}}
{{1__0}}
{{_1}}
{{1_}}
{{0x1.8}}
{{1x}}
{{1.2.3}}
{{1e}}
{{''}}
{{'ab'}}
{{'a}}
{{'\q'}}
{{'\"'}}
{{'\ud800'}}
{{"\""}} {{"\\"}} {{"\n\t"}}|{{"\x41\u00e9\U0001F600\101"}}|{{"\xff"}}|{{"\a\b\f\r\v"}}|{{"'"}}
{{"\'"}}
{{"\q"}}
{{"\400"}}
{{"\ud800"}}
{{"\u12"}}
{{"open}}
{{`raw \n "quoted"`}}|{{`}}`}}|{{"}}"}}
{{`open}}
{{"a".b}}
{{3.b}}
{{true.b}}
{{nil.b}}
{{..Name}}
{{.Name.}}
{{.}} . {{$.Name}}
{{.1}}
{{.da-sh}}
{{index . "da-sh"}}
{{.Name!}}
{{#}}
{{.Name, .n}}
{{=}}
{{:=}}
{{$x:=1}}{{$x}}
{{$x =1}}
{{$x :=1}}{{$x}}
{{$ := 1}}{{$}}
{{x}}
{{x.y}}
{{len.x}}
{{print.x}}
{{.Name
}}|{{
.Name}}
{{print
"a"
"b"}}
{{}}
{{ }}
{{
{{.Name
{{.Name}
{{(.Name)}} {{((.Name))}} {{(print 1 2)}} {{print (print 1) (print 2)}} {{(eq 1 1)}}
{{(.Name}}
{{.Name)}}
{{()}}
{{(}}
{{)}}
{{print(1)}}
{{print (1)(2)}}
{{print "a""b"}}
{{print 1"b"}}
{{print .Name.n}}
{{print .Name .n}}
{{and}}
{{or}}
{{not}}
{{not 1 2}}
{{and 1}} {{and 1 0}} {{and 0 1}} {{and 1 2 3}} {{and 1 "" 3}} {{or 0 1}} {{or 0 ""}} {{or 1 2}} {{or "" 0 "x"}}
{{and .nothing 1}}|{{or .nothing 1}}|{{or .missing .nothing}}|{{and .yes .nothing}}|{{not .nothing}} {{not 1}} {{not ""}}
{{or 1 (index .list 9)}} {{and 0 (index .list 9)}} {{1 | or 0}} {{0 | and 1}} {{1 | and 0}}
{{or 0 (index .list 9)}}
{{and 1 (index .list 9)}}
{{eq 1 1}} {{eq 1 2}} {{eq 1 2 3 1}} {{eq "a" "a"}} {{eq "a" "b"}} {{eq true true}} {{eq 1.5 1.5}} {{eq 'a' 97}} {{eq 1i 1i}}
{{eq .n 3.0}} {{eq .n 3}}
{{eq .n "3"}}
{{eq .Name 3}}
{{eq true 1}}
{{eq 1 1.0}}
{{eq 1 1 "x"}} {{eq 2 1 "x"}}
{{eq .nothing nil}} {{eq nil nil}} {{eq .missing .nothing}} {{eq .nothing 1}} {{eq 1 .nothing}} {{eq .Name .missing}}
{{eq .list .nothing}} {{eq .map nil}} {{eq nil .list}}
{{eq .list .list}}
{{eq .map .map}}
{{eq .list .map}}
{{eq .list 1}}
{{eq 1}}
{{eq}}
{{1 | eq 1}} {{1 | eq 2}}
{{ne 1 2}} {{ne 1 1}} {{ne "a" "b"}} {{ne .nothing 1}}
{{ne 1 2 3}}
{{ne 1 "a"}}
{{lt 1 2}} {{lt 2 1}} {{lt 1 1}} {{lt "a" "b"}} {{lt 1.5 2.5}} {{lt -1 0}} {{lt "Z" "a"}} {{lt "é" "z"}} {{lt "" "a"}}
{{le 1 1}} {{le 2 1}} {{gt 2 1}} {{gt 1 1}} {{ge 1 1}} {{ge 1 2}} {{le "a" "a"}} {{gt "b" "a"}} {{ge 1.5 1.5}}
{{lt .n 5}}
{{lt .n 5.0}} {{gt .n 2.} }
{{lt .n 5.0}} {{gt .n 2.}}
{{lt 1 "a"}}
{{lt true false}}
{{le true true}}
{{lt nil 1}}
{{lt .list .list}}
{{lt 1i 2i}}
{{lt 1}}
{{gt .nothing 1}}
{{lt (index "abc" 0) 98}} {{eq (index "abc" 0) 97}} {{gt (index "abc" 1) 97}} {{le -1 (index "abc" 0)}}
{{len "abc"}} {{len "héllo"}} {{len .uni}} {{len .list}} {{len .map}} {{len .none}} {{len ""}} {{.Name | len}}
{{len 3}}
{{len .nothing}}
{{len .missing}}
{{len nil}}
{{len .yes}}
{{len}}
{{len 1 2}}
{{index .list 0}} {{index .list 2}} {{index .map "a"}} {{index .map "c" "d"}} {{index .mixed 4 1}} {{index .map "zz"}}
{{index "abc" 1}} {{index "é" 0}} {{index .list}} {{index .mixed 2}} {{index .items 0 "name"}} {{0 | index .list}}
{{index .list 3}}
{{index .list -1}}
{{index .list 1.0}}
{{index .list .n}}
{{index .list "a"}}
{{index .list nil}}
{{index .map 1}}
{{index .map nil}}
{{index .map "zz" "y"}}
{{index .nothing 1}}
{{index .missing "x"}}
{{index nil}}
{{index 3 1}}
{{index "abc" 3}}
{{index "abc" "a"}}
{{index .mixed 0 0}}
{{index}}
{{slice "abcdef" 1 3}} {{slice "abcdef" 2}} {{slice "abcdef"}} {{slice "abc" 3}}| {{slice "abc" 1 1}}|{{slice "é" 0 1}}
{{slice .list 1}} {{slice .list 0 2}} {{slice .list 1 2}} {{slice .list 0 4}} {{slice .list 3 4}} {{slice .list 0 1 2}} {{slice .list}}
{{slice (slice .list 1) 0 2}} {{slice (slice .list 0 1) 0 3}} {{slice (slice .list 0 1 1) 0 1}} {{slice .none}}
{{slice (slice .list 0 1 1) 0 2}}
{{slice .list 2 1}}
{{slice .list 0 5}}
{{slice "abc" 0 4}}
{{slice "abc" 0 1 2}}
{{slice .list 0 1 2 3}}
{{slice .list 0 2 1}}
{{slice .map 1}}
{{slice 3 1}}
{{slice nil}}
{{slice .list "a"}}
{{slice}}
{{print}}|{{print 1}}|{{print 1 2}}|{{print "a" 1}}|{{print 1 "a" 2}}|{{print "a" "b"}}|{{print nil}}|{{print .nothing .missing}}
{{println}}|{{println 1}}|{{println 1 "a" nil}}|{{print .list .map}}|{{print 1.0 1e21 1000000.0}}|{{print true "x" false}}
{{html .html}}|{{html "a" "b" 1 2}}|{{html .list}}|{{html nil}}|{{html .missing}}|{{html}}|{{html "a\x00b"}}
{{js .html}}|{{js "a\tb\\c=d\x7f\u200b\u00e9"}}|{{js .uni}}|{{js .list}}|{{js nil}}|{{js "\xff"}}|{{js "\U000e0001"}}
{{urlquery "a b&c=d/e?f"}}|{{urlquery .uni}}|{{urlquery "~-_.!*'()"}}|{{urlquery 1 2}}|{{urlquery nil}}|{{urlquery "\xff\x00"}}
{{call .Name}}
{{call nil}}
{{call}}
{{printf}}
{{printf 3}}
{{printf nil}}
{{printf .n}}
{{printf .nothing}}
{{printf .missing}}
{{printf .Name}}|{{printf "%s"}}|{{printf "%s" 1 2}}|{{printf "100%"}}|{{printf "%"}}|{{printf "%%"}}|{{printf "%5%"}}
{{printf "%d %s" 1}}|{{printf "%d" 1 "x" nil 2.5}}|{{printf "%[2]d %[1]d" 1 2}}|{{printf "%[3]d" 1}}|{{printf "%[x]d" 1}}|{{printf "%[1" 1}}
{{printf "%[2]*[1]d" 1 5}}|{{printf "%*d" 5 42}}|{{printf "%-*d|" 5 42}}|{{printf "%.*f" 2 1.2345}}|{{printf "%*d" "x" 1}}|{{printf "%.*d" -1 1}}
{{printf "%[1]d %d %[1]q" 65 66}}|{{printf "%[2]d %d" 1 2}}|{{printf "%*d" -5 42}}|{{printf "%6.2f|%-8.3f|%08.3f" 1.5 1.5 1.5}}
{{printf "%.3[1]d" 1}}|{{printf "%[1].3d" 1}}|{{printf "%[1]3d" 1}}|{{printf "%d" (printf "%d" 1)}}|{{printf "%!" 1}}|{{printf "%z" 1}}
{{printf "%#v %#v %#v %#v %#v" .list .map "s" 1.0 nil}}|{{printf "%+v %T %T %T %T" .map .list .map "s" nil}}|{{printf "%T %T" .n .yes}}
{{printf "%v %v %v" .mixed .map .nothing}}|{{printf "%d" .list}}|{{printf "%s" .mixed}}|{{printf "%q" .list}}|{{printf "%x" .list}}|{{printf "%d" .map}}
{{printf "%t %t" true .n}}|{{printf "%s" nil}}|{{printf "%d" nil}}|{{printf "%v" nil}}|{{printf "%5v|%-5v|" nil nil}}|{{printf "%T" (index "a" 0)}}
{{printf "%w" 1}}|{{printf "%w" .list}}|{{printf "%p" 1}}|{{printf "%p" "s"}}|{{printf "%v" (index "abc" 0)}}|{{printf "%#v %c" (index "abc" 0) (index "abc" 0)}}
{{printf "%s %s" "\xff" "é"}}|{{printf "%q %+q" "\xff\n" "é"}}|{{printf "%x % x %X %#x % #x" "hi" "hi" "hi" "hi" "hi"}}|{{printf "%.1s %.2q" "éa" "日本語"}}
{{printf "%U %#U %U" 65 65 128512}}|{{printf "%c %c %q %q" 65 128512 65 10}}|{{printf "%c" 1114112}}|{{printf "%c" -1}}|{{printf "%q" 1114112}}
{{printf "%b %o %O %x %X %#x %#o %#b" 10 10 10 255 255 255 8 5}}|{{printf "%b" 1.5}}|{{printf "%x %X" 1.5 -1.5}}|{{printf "%+d % d %+d" 1 1 -1}}
{{printf "%v %.2v %10v|%-10v|" 1.5 1.567 1.5 1.5}}|{{printf "%e %E %.2e" 12345.678 12345.678 12345.678}}|{{printf "%g %G %.3g %.10g" 1e21 1e-7 12345.678 100000.0}}
{{printf "%6d|%-6d|%06d|%+06d|% 06d|%x" 42 42 42 42 42 -255}}|{{printf "%.5d|%8.5d|%-8.5d|%08.5d" 42 42 42 42}}|{{printf "%.0d|%5.0d|" 0 0}}
{{printf "%10s|%-10s|%010s|%.2s|%10.2s|" "abc" "abc" "abc" "abc" "abc"}}|{{printf "%q" "a\"b\\c\n\t\x00\x7f\u00a0\u200b"}}|{{printf "%#q %#q" "abc" "a`b"}}
{{printf "%t" "x"}}|{{printf "%5t|%-7t|" true false}}|{{printf "%v" true}}|{{printf "%d" true}}|{{printf "%s" true}}|{{printf "%d" 1.0}}|{{printf "%s" 1.5}}
{{printf "%f" 3}}|{{printf "%d" "x"}}|{{printf "%v %v" 1i 1+2i}}|{{printf "%.1f %8.2f" 1+2i 1i}}|{{printf "%d" 1i}}|{{printf "%x" nil}}|{{printf "%s %v" .uni .html}}
{{printf "%999999999d" 1}}
{{define "t"}}[{{.}}]{{end}}{{template "t" .Name}}{{template "t"}}{{template "t" .map.c}}
{{define "t"}}{{$}}{{end}}{{$x := 1}}{{template "t" $x}}{{block "b" .n}}<{{.}}>{{end}}{{template "b" 2}}
{{template "none"}}
{{define "t"}}{{$x}}{{end}}
{{$x := 1}}{{define "t"}}{{$x}}{{end}}
{{define "t"}}a{{end}}{{define "t"}}b{{end}}
{{define "t"}}a{{end}}{{define "t"}} {{end}}{{template "t"}}
{{define t}}a{{end}}
{{define "t"}}a
{{define "t" .}}a{{end}}
{{if true}}{{define "t"}}a{{end}}{{end}}
{{define "t"}}{{define "u"}}a{{end}}{{end}}
{{range .list}}{{define "t"}}{{break}}{{end}}{{end}}
{{template}}
{{template "t" 1 2}}
{{block "b"}}x{{end}}
{{block "b" .n}}x
{{template "a" .list}}{{define "a"}}{{range .}}{{template "b" .}}{{end}}{{end}}{{define "b"}}({{.}}){{end}}
before {{.Name}} then {{index .list 9}} never
before{{range .list}}{{.}}{{if eq . "b"}}{{.x}}{{end}}{{end}}
""".strip("\n")

_MULTILINE = (
    "{{/* head\n*/ -}}\n{{range .list}}\n- {{.}}\n{{- end}}\n",
    "{{range .items -}}\n{{.name}}: {{if .on -}} on {{- else -}} off {{- end}}\n{{end -}}\n",
    "line one\n{{.Name}}\n  {{- /* gone */ -}}\n\n{{.n}}\r\n{{- .n}}",
    "a\n\nb{{\n  index\n  .list\n  9\n}}",
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
        )
        + (
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
_FLOATS = "0 1 -1 0.1 1.0 100000 999999 1000000 1234567 123456.7 1234567.8 0.0001 0.00001 1e20 1e21 1e-7 5e-324".split()
_FLOATS += "1.7976931348623157e308 9007199254740993 3.0000000000000004 1E+2 -0.0 2.50 12345678901234567890".split()

CASES: list[tuple[str, Any]] = [
    *((text, ANT) for text in _TEXTS.split("\n")),
    *((text, ANT) for text in _MULTILINE),
    *((text, ANT) for text in _verbs()),
    *((text, ANT) for text in _comparisons()),
    *_ROOTS,
    *(
        (
            '{{.n}} {{printf "%v %g %.3g %f %e %.2f %6.1f|%-8v|%08v %T" .n .n .n .n .n .n .n .n .n .n}}',
            f'{{"n":{number}}}',
        )
        for number in _FLOATS
    ),
]
