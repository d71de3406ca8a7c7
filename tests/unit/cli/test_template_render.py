"""`formicary template render`: one template, offline."""

import io
import sys
from types import SimpleNamespace

import pytest


@pytest.fixture
def data(tmp_path):
    file = tmp_path / "data.json"
    file.write_text('{"Name": "ant", "n": 3, "list": ["a", "b"], "big": 1e21}')
    return file


@pytest.fixture
def stdin(monkeypatch):
    def give(raw):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))

    return give


def test_the_result_is_printed_without_a_line_end_of_our_own(formicary, data):
    done = formicary("template", "render", "Hi {{.Name}} {{.n}} {{.big}}", "--data", data)

    assert (done.code, done.out, done.err) == (0, "Hi ant 3 1e+21", "")


def test_a_template_comes_from_standard_input(formicary, data, stdin):
    stdin(b"a\r\n{{.Name}}\n")

    assert formicary("template", "render", "-", "--data", data).out == "a\r\nant\n"


def test_data_come_from_standard_input(formicary, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"x": "y"}')))

    assert formicary("template", "render", "{{.x}}", "--data", "-").out == "y"


def test_without_data_nothing_has_a_value(formicary):
    assert formicary("template", "render", "{{.x}}").out == "<no value>"


def test_bytes_that_are_no_text_are_printed_as_they_are(formicary):
    assert formicary("template", "render", r'{{printf "\xff"}}').raw == b"\xff"


@pytest.mark.parametrize(
    ("text", "said", "caret"),
    [
        ("x{{.Name", 'template:1:2: "{{" is not closed', "       |  ^"),
        ("a\nb {{nope .x}}", 'template:2:5: there is no function "nope"', "       |     ^"),
        ("a {{eq .n 3}}", "template:1:5: eq: the number 3.0 is compared", "       |     ^"),
        ("{{index .list 9}}", "template:1:3: index: index 9 is out of range", "       |   ^"),
    ],
)
def test_a_fault_tells_its_place_with_a_caret_and_ends_with_2(formicary, data, text, said, caret):
    done = formicary("template", "render", text, "--data", data)

    assert done.code == 2
    assert said in done.err
    assert caret.strip() in done.err
    assert "Traceback" not in done.err


def test_what_was_written_before_a_fault_is_printed_once_as_go_does(formicary, data):
    text = "{{range .list}}<{{.}}>{{end}}{{.n.x}} never"

    assert formicary("template", "render", text, "--data", data).out == "<a><b>"


def test_a_template_that_cannot_be_parsed_prints_nothing(formicary, data):
    assert formicary("template", "render", "before {{", "--data", data).out == ""


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"a":', "broken.json:1:6: this is not valid JSON"),
        (b"", "broken.json:1:1: this is not valid JSON"),
        (b"[NaN]", "NaN is not valid JSON"),
        (b"[1e999]", "the number 1e999 is too large"),
        (b"[" * 20000, "nested more than 100 deep"),
        (b"[" * 200 + b"]" * 200, "nested more than 100 deep"),
    ],
)
def test_data_that_are_no_json_are_told_of(formicary, tmp_path, raw, said):
    file = tmp_path / "broken.json"
    file.write_bytes(raw)

    done = formicary("template", "render", "x", "--data", file)

    assert (done.code, done.out) == (2, "")
    assert said in done.err.replace(f"{tmp_path}/", "")


def test_a_missing_file_is_told_of(formicary):
    done = formicary("template", "render", "x", "--data", "no.json")

    assert done.code == 2
    assert "'no.json': No such file or directory" in done.err


def test_template_and_data_cannot_both_be_standard_input(formicary, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}")))

    assert formicary("template", "render", "-", "--data", "-").code == 2


def test_as_a_job_whole_numbers_are_whole_and_missing_variables_warn(formicary, data):
    text = '{{eq .n 3}} {{printf "%d" .n}} {{range 2}}{{.}}{{end}} {{.x}}'

    done = formicary("template", "render", "--as-job", text, "--data", data)

    assert (done.code, done.out) == (0, "true 3 01 <no value>")
    assert "warning: the variable x has no value (line 1, column 58)" in done.err
