"""Templates: Go's text/template, sandboxed."""

import pytest

from formicary.domain.templating import Evaluation, TemplateError, parse_template


def render(text: str, **data: object) -> str:
    return Evaluation(data).render(parse_template(text))


def fault(text: str, **data: object) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        render(text, **data)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{.Name}}!", "ant!"),
        ("{{ .deep.er }}", "3"),
        ('{{index .list 1}}{{index . "da-sh"}}', "b-"),
        ('{{if eq .Name "ant"}}a{{else}}b{{end}}', "a"),
        ('{{if eq .Name "bee"}}a{{else if gt .n 1}}c{{else}}b{{end}}', "c"),
        ("{{if and .Name (not .none) (or .none .n)}}yes{{end}}", "yes"),
        (
            "{{ne .n 2}} {{lt .n 3}} {{le .n 2}} {{gt .n 3}} {{ge .n 2}}",
            "false true true false true",
        ),
        ('{{printf "%03d|%-4s|%q|%.1f|%v" 7 "ab" "c" 1.25 .list}}', '007|ab  |"c"|1.2|[a b]'),
        ('{{.Name | upper | printf "%s-%s" "x"}}', "x-ANT"),
        ("{{$x := .n}}{{$x}}{{if true}}{{$x = 5}}{{end}}{{$x}}", "25"),
        ("a  {{- .n -}}  b", "a2b"),
        ("a{{/* nothing }} here */}}b", "ab"),
        ("{{range $i, $x := .list}}{{$i}}{{$x}}{{else}}none{{end}}", "0a1b"),
        ("{{range .Nobody}}x{{else}}none{{end}}", "none"),
        (
            (
                "{{range Iterate 5}}{{if eq . 2}}{{continue}}{{end}}"
                "{{if eq . 4}}{{break}}{{end}}{{.}}{{end}}"
            ),
            "013",
        ),
        ("{{with .deep}}{{.er}}{{$.n}}{{end}}", "32"),
        ('{{default "d" .none}}{{.none | default "e"}}{{len .list}}', "de2"),
        ('{{"}}"}}{{`{{raw}}`}}{{print 1 2 "x" 3}}', "}}{{raw}}1 2x3"),
        ("{{.real}} {{.big}} {{.deep}} {{true}}", "0.5 1e+21 map[er:3] true"),
        ('{{atoi "12"}} {{atof "1.5"}} {{Add "1" .n}} {{upper .Name}}', "12 1.5 3 ANT"),
        ("{{range 3}}{{.}}{{end}}{{eq .n 2.0}}{{lt .n 2.5}}{{le .real 1}}", "012truetruetrue"),
        ('{{with ""}}{{else with .Name}}{{.}}{{end}}', "ant"),
        ("{{.nothing.x}}", "<no value>"),
        ("{{slice .Name 1 2}}{{html `<a>`}}{{urlquery `a b`}}", "n&lt;a&gt;a+b"),
    ],
)
def test_templates_render_as_go_renders_them(text: str, expected: str) -> None:
    data = {"Name": "ant", "n": 2, "list": ["a", "b"], "deep": {"er": 3}, "none": "", "da-sh": "-"}
    data |= {"nothing": None}
    assert render(text, **data, real=0.5, big=1e21) == expected


def test_a_missing_variable_renders_no_value_and_warns_with_its_place() -> None:
    evaluation = Evaluation({"a": {}})

    text = evaluation.render(parse_template("x\n{{.Nope}} {{.a.b}}{{if .Other}}{{end}}"))

    assert text == "x\n<no value> <no value>"
    assert [(w.name, w.line, w.column) for w in evaluation.warnings] == [
        ("Nope", 2, 3),
        ("a.b", 2, 13),
    ]


def test_a_missing_variable_equals_nothing() -> None:
    assert render('{{if ne .Branch "main"}}true{{end}}') == "true"


@pytest.mark.parametrize(
    ("text", "said", "line", "column"),
    [
        ("{{", "not closed", 1, 1),
        ("\n {{.A", "not closed", 2, 2),
        ("{{if .A}}x", "no {{end}}", 1, 1),
        ("{{end}}", "belongs to no", 1, 1),
        ("{{if .A}}{{else}}{{else}}{{end}}", "belongs to no", 1, 18),
        ("{{}}", "empty", 1, 3),
        ("{{.A .B}}", "only a function", 1, 3),
        ("{{.da-sh}}", "cannot stand here", 1, 6),
        ("{{$x}}", "not declared", 1, 3),
        ("{{uper .A}}", 'no function "uper"', 1, 3),
        ("{{(.A}}", "not closed", 1, 3),
        ("{{break}}", "outside a range", 1, 1),
        ('{{define "x"}}{{end}}', "not part of the job language", 1, 3),
        ("{{eq 1}}", "takes 2 values", 1, 3),
        ("{{.s | }}", "a value is missing", 1, 8),
        ("{{$x = 1}}", "not declared", 1, 3),
        ("{{call .s}}", "no function", 1, 3),
        ("{{ /* spaced */ }}", "cannot stand here", 1, 4),
        ("{{if true}}{{$x := 1}}{{else}}{{end}}{{$x}}", "not declared", 1, 40),
        ("{{if false}}{{$x := 1}}{{else}}{{$x}}{{end}}", "not declared", 1, 34),
        ("{{if .s}}{{else with .s}}{{end}}", "belongs to no", 1, 10),
        ("{{9223372036854775808}}", "64 bits", 1, 3),
        ("a\n{{-\n.s.x}}", "no map", 3, 1),
        ('{{lt "a" 1}}', "compared with", 1, 3),
        ("{{.s.x}}", "no map", 1, 3),
        ("{{index .s}}{{index .n 1}}", "cannot index", 1, 15),
    ],
)
def test_a_faulty_template_tells_what_and_where(
    text: str, said: str, line: int, column: int
) -> None:
    error = fault(text, s="text", n=1)

    assert said in error.message
    assert (error.line, error.column) == (line, column)


def test_a_misspelt_function_gets_a_suggestion() -> None:
    assert fault("{{uper .A}}").mend == 'did you mean "upper"?'


@pytest.mark.parametrize(
    "text",
    [
        "{{.s.__class__}}",
        "{{.list.append}}",
        '{{index .s "__class__"}}',
        "{{.s.format}}",
    ],
)
def test_attributes_of_python_objects_are_out_of_reach(text: str) -> None:
    with pytest.raises(TemplateError):
        render(text, s="x", list=[1])


@pytest.mark.parametrize(
    "text",
    [
        "{{range Iterate 9999}}{{range Iterate 9999}}{{end}}{{end}}",
        '{{$x := "aaaaaaaa"}}{{range Iterate 60}}{{$x = printf "%s%s" $x $x}}{{end}}{{$x}}',
        "{{range Iterate 9999}}" + "x" * 200 + "{{end}}",
        '{{printf "%999999999d" 1}}{{Iterate 99999999}}',
        "{{range 99999999}}{{end}}",
        "{{" + "(" * 500 + ".A" + ")" * 500 + "}}",
        "{{if .A}}" * 500 + "{{end}}" * 500,
    ],
)
def test_a_hostile_template_meets_a_limit(text: str) -> None:
    with pytest.raises(TemplateError):
        render(text, A=1)


def test_random_is_drawn_from_the_nonce_so_that_an_attempt_stays_the_same() -> None:
    draws = {nonce: render("{{Random 0 100000}}", Nonce=nonce) for nonce in range(20)}

    assert draws[3] == render("{{Random 0 100000}}", Nonce=3)
    assert len(set(draws.values())) > 15
    assert all(0 <= int(draw) < 100000 for draw in draws.values())


def test_the_names_that_a_template_mentions_are_known() -> None:
    template = parse_template('{{if .A}}{{.b.c | printf "%s" $.D}}{{index . "e-f"}}{{end}}')

    assert template.names == {"A", "b", "D", "e-f"}
