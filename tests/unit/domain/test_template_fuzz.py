"""Templates out of nowhere: whatever is written, there is a text or a TemplateError, and soon."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formicary.domain.templating import Dialect, Evaluation, TemplateError, parse_template
from formicary.domain.templating.functions import functions_of
from formicary.domain.templating.pipelines import MAX_OUTPUT
from tests.golden.templates.generator import Generator

MANY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DATA: dict[str, Any] = {
    "a": 1,
    "b": "text",
    "list": [1, [2], None],
    "map": {"x": {"y": 2.5}},
    "n": None,
}

_WORDS = (
    "{{ }} {{- -}} /* */ ( ) | , := = $ $x $y if else end range with break continue define template"
    " block . .a .b .list .map.x.y .n .é nil true 1 -2.5 0x1p4 1i `raw` 'c' \" ' ` \\"
)
_PIECES = st.sampled_from(
    [
        *_WORDS.split(),
        *("{ {", "} }", " -}}", "\n", " ", "\x00", "\udc80", "\U0001f600", '"%d%[2]*.3v"'),
        *sorted(functions_of(Dialect.GO)),
    ]
)
_SOUP = st.lists(_PIECES, max_size=40).map(" ".join) | st.lists(_PIECES, max_size=40).map("".join)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)
_VERBS = st.text(alphabet="%0123456789*[].+-# vTtdboOxXcqUeEfFgGspw!zé", max_size=30)


def render_or_fault(text: str, data: Any, dialect: Dialect) -> str | None:
    fault: TemplateError | None = None
    rendered = ""
    try:
        rendered = Evaluation(data, dialect).render(parse_template(text, dialect))
    except TemplateError as error:
        fault = error
    if fault:
        assert fault.message
        assert 0 < fault.line <= text.count("\n") + 1
        return None
    assert rendered.encode().decode() == rendered
    return rendered


@MANY
@given(_SOUP, st.sampled_from(Dialect))
def test_a_soup_of_words_is_rendered_or_refused(text: str, dialect: Dialect) -> None:
    render_or_fault(text, DATA, dialect)


@MANY
@given(st.text(max_size=60).map(lambda text: f"{{{{{text}}}}}"), st.sampled_from(Dialect))
def test_any_text_between_braces_is_rendered_or_refused(text: str, dialect: Dialect) -> None:
    render_or_fault(text, DATA, dialect)


@MANY
@given(st.integers(min_value=0), _VALUES, st.sampled_from(Dialect))
def test_a_template_of_the_grammar_is_rendered_or_refused_with_any_data(
    seed: int, data: Any, dialect: Dialect
) -> None:
    render_or_fault(Generator(seed).case()["text"], {**DATA, "Name": data}, dialect)


@MANY
@given(_VERBS, st.lists(_VALUES, max_size=3))
def test_printf_takes_any_format_and_any_values(form: str, values: list[Any]) -> None:
    words = " ".join(f"(index .values {place})" for place in range(len(values)))
    text = f"{{{{printf .form {words}}}}}"

    render_or_fault(text, {"form": form, "values": values}, Dialect.GO)


@MANY
@given(_VALUES)
def test_a_text_without_actions_is_rendered_as_it_stands(value: Any) -> None:
    assert render_or_fault(str(value).replace("{{", ""), {}, Dialect.JOB) is not None


DEEP = 10_000
CORPUS = [
    "{{" + "(" * DEEP + ".a" + ")" * DEEP + "}}",
    "{{" + "(" * DEEP + "}}",
    "{{print " + "(print " * 90 + ".a" + ")" * 90 + "}}",
    "{{if .a}}" * DEEP,
    "{{if .a}}" * DEEP + "{{end}}" * DEEP,
    "{{range .list}}" * 99 + "x" + "{{end}}" * 99,
    "{{if .n}}{{end}}" * DEEP,
    "{{if .n}}" + "{{else if .n}}" * DEEP + "{{end}}",
    "{{with .n}}" + "{{else with .n}}" * DEEP + "{{end}}",
    "{{" + "." * DEEP + "}}",
    "{{" + ".a" * DEEP + "}}",
    "{{.map" + ".x" * DEEP + "}}",
    "{{.a" + " | print" * DEEP + "}}",
    "{{print" + " .a" * DEEP + "}}",
    "{{and" + " .a" * DEEP + "}}",
    "{{" + "1" * DEEP + "}}",
    "{{1e" + "9" * DEEP + "}}",
    '{{printf "' + "%d" * DEEP + '" 1}}',
    '{{printf "' + "%1000000d" * 1000 + '" 1}}',
    '{{printf "%.1000000f %.1000000e %.1000000g %1000000s" 1.5 1.5 1.5 "x"}}',
    '{{range Iterate 10000}}{{$x := printf "%.999999g" 0.1}}{{end}}',
    '{{$x := printf "%1000000s" "x"}}{{range Iterate 10000}}{{$y := len $x}}{{end}}',
    '{{$x := printf "%1000000s" "x"}}{{range Iterate 10000}}{{$y := eq $x $x}}{{end}}',
    '{{$x := printf "%1000000s" "x"}}{{range Iterate 10000}}{{$y := index $x 5}}{{end}}',
    '{{$x := printf "%1000000s" "<"}}{{html $x $x $x}}{{replace " " "xxxxxxxxxx" $x}}',
    "{{$x := 1}}{{range Iterate 10000}}{{$x = Add $x $x}}{{end}}{{$x}}",
    "{{$x := Dict}}{{range Iterate 10000}}{{$x = Dict 1 $x 2 $x}}{{end}}{{$x}}",
    "{{$x := Dict}}{{range Iterate 50}}{{$x = Dict 1 $x 2 $x}}{{end}}{{len (print $x)}}",
    "{{range Iterate 9999}}{{range Iterate 9999}}{{end}}{{end}}",
    '{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}',
    '{{define "a"}}{{template "b"}}{{end}}{{define "b"}}{{template "a"}}{{end}}{{template "a"}}',
    '{{define "a"}}{{template "b"}}{{template "b"}}{{end}}' * 2,
    "".join(
        f'{{{{define "t{n}"}}}}{{{{template "t{n + 1}"}}}}{{{{template "t{n + 1}"}}}}{{{{end}}}}'
        for n in range(50)
    )
    + '{{define "t50"}}{{end}}{{template "t0"}}',
    "{{/*" * DEEP,
    "{{`" + "x" * DEEP,
    '{{"' + "\\" * DEEP,
    "{{-" * DEEP,
    "{{$x := 1}}" * DEEP + "{{$x}}",
    "{{" + "$x := " * DEEP + "1}}",
    "{{.a}}" * 20_001,
    "x" * (1024 * 1024 + 1),
]


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("text", CORPUS, ids=lambda text: text[:30])
def test_a_hostile_template_ends_within_its_limits(text: str, dialect: Dialect) -> None:
    rendered = render_or_fault(text, DATA, dialect)

    assert rendered is None or len(rendered) <= MAX_OUTPUT


ESCAPES = [
    "{{.b.__class__}}",
    "{{.b.__class__.__mro__}}",
    "{{.list.__len__}}",
    "{{.list.append}}",
    "{{.map.items}}",
    "{{.map.keys}}",
    '{{index .b "__class__"}}',
    '{{index .map "__class__" "__init__"}}',
    '{{index .list "__class__"}}',
    "{{.a.real}}",
    "{{.b.format}}",
    '{{"{0.__class__}".format}}',
    '{{(print "x").__class__}}',
    "{{(len .list).bit_length}}",
    "{{$.b.__globals__}}",
    "{{print.__globals__}}",
    "{{call .b}}",
    "{{.map.x.y.hex}}",
    '{{__import__ "os"}}',
    '{{eval "1"}}',
    "{{self}}",
    "{{config.items}}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{% for x in y %}{% endfor %}{{x}}",
]


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("text", ESCAPES)
def test_nothing_of_python_can_be_reached(text: str, dialect: Dialect) -> None:
    rendered = render_or_fault(text, DATA, dialect)

    assert rendered in (None, "<no value>")


@pytest.mark.parametrize("form", ["{0.__class__}", "%(x)s", "%s{b}", "${b}", "{{.b}}"])
def test_what_a_value_holds_is_never_evaluated(form: str) -> None:
    assert render_or_fault("{{.form}}", {"form": form}, Dialect.JOB) == form
