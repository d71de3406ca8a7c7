"""`job lint` finds what an upload would find, and asks nobody."""

import io
import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft4Validator, FormatChecker

GOOD = "job_type: greet\ntasks:\n- task_type: a\n  method: SHELL\n  script: [echo]\n"
BAD = GOOD.replace("method", "metod").replace("greet", "greet ä\tb")
SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0-schema.json").read_text())


@pytest.fixture
def lint(formicary, tmp_path):
    def check(*texts, output="table"):
        names = [f"{number}.yaml" for number, _ in enumerate(texts)]
        for name, text in zip(names, texts, strict=True):
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return formicary("job", "lint", *names, "--output", output)

    return check


def test_a_clean_file_ends_with_0_and_nothing_on_stdout(lint, plane):
    outcome = lint(GOOD)

    assert (outcome.code, outcome.out) == (0, "")
    assert "0.yaml: no faults" in outcome.err
    assert plane.asked == []


def test_each_fault_is_shown_with_its_line_a_caret_the_mend_and_the_code(lint):
    outcome = lint(GOOD.replace("method", "metod"))

    place, line, caret, mend = outcome.out.rstrip().splitlines()
    assert outcome.code == 2
    assert place.startswith("0.yaml:4:3: tasks[0].metod: ")
    assert place.endswith("]")
    assert line == "    4 |   metod: SHELL"
    assert caret == "      |   ^"
    assert "method" in mend


def test_one_faulty_file_among_several_ends_with_2(lint):
    outcome = lint(GOOD, BAD, GOOD)

    assert outcome.code == 2
    assert outcome.err.count("no faults") == 2
    assert "1.yaml:4:3: " in outcome.out


def test_json_and_yaml_list_every_file_with_its_faults(lint):
    as_json = json.loads(lint(GOOD, BAD, output="json").out)
    as_yaml = yaml.safe_load(lint(GOOD, BAD, output="yaml").out)

    assert as_json == as_yaml
    assert [(report["file"], report["job_type"]) for report in as_json] == [
        ("0.yaml", "greet"),
        ("1.yaml", ""),
    ]
    assert as_json[0]["faults"] == []
    assert {"code", "message", "mend", "line", "column", "field"} == set(as_json[1]["faults"][0])


@pytest.mark.parametrize(
    "texts",
    [(GOOD,), (GOOD, BAD), (b"job_type: \xff",), ("",), ("a: [",), (BAD.replace("\n", "\r\n"),)],
)
def test_sarif_is_valid_by_its_schema(lint, texts):
    log = json.loads(lint(*texts, output="sarif").out)

    Draft4Validator(SCHEMA, format_checker=FormatChecker()).validate(log)
    assert len(log["runs"][0]["artifacts"]) == len(texts)


def test_sarif_tells_rule_place_and_line_of_each_fault(lint):
    run = json.loads(lint(GOOD, BAD, output="sarif").out)["runs"][0]

    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(r["shortDescription"]["text"] for r in run["tool"]["driver"]["rules"])
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    unknown_key = next(r for r in run["results"] if "metod" in r["message"]["text"])
    where = unknown_key["locations"][0]["physicalLocation"]
    assert where["artifactLocation"] == {"uri": "1.yaml", "index": 1}
    assert where["region"] == {
        "startLine": 4,
        "startColumn": 3,
        "snippet": {"text": "  metod: SHELL"},
    }


def test_sarif_writes_an_absolute_path_as_a_file_address(formicary, tmp_path):
    (tmp_path / "a b.yaml").write_text(GOOD)

    outcome = formicary("job", "lint", tmp_path / "a b.yaml", "--output", "sarif")

    [artifact] = json.loads(outcome.out)["runs"][0]["artifacts"]
    assert artifact["location"]["uri"] == (tmp_path / "a b.yaml").as_uri()


def test_lint_reads_standard_input(formicary, monkeypatch):
    typed = io.BytesIO(BAD.encode())
    typed.name = "<stdin>"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(typed))

    outcome = formicary("job", "lint", "-")

    assert outcome.code == 2
    assert "<stdin>:4:3: " in outcome.out
