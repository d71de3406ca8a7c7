"""The JSON Schema of definitions takes what the language takes, and refuses unknown keys."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from formicary.domain.document_nodes import project
from formicary.domain.field_types import resolve
from formicary.domain.job_document import read_document
from formicary.domain.job_schema import job_schema
from formicary.domain.parsed_job import parse_job
from tests.unit.article.test_article_forms import FORMS
from tests.unit.docs.rewrite import SCHEMA, schema_text
from tests.unit.lambdas.api_play import ApiPlay

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))
VALIDATOR = Draft202012Validator(job_schema())
# Forms that no YAML reader but ours makes maps of.
_OURS_ALONE = ("5.1.2 fork_job_type", "5.1.2 webhook, services", "6.6.1")


def errors_of(text: str) -> list[str]:
    """What the schema says of a text, its templates as texts, as an editor reads it."""
    root = read_document(text).root
    assert root is not None
    return [f"{e.json_path}: {e.message}" for e in VALIDATOR.iter_errors(resolve(project(root)))]


def parts_of(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from parts_of(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from parts_of(inner)


def with_causes(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    for error in errors:
        yield error
        yield from with_causes(error.context or ())


def test_it_is_a_schema_of_the_draft_it_names() -> None:
    assert job_schema()["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(job_schema())


def test_every_field_is_described_and_no_map_with_keys_takes_others() -> None:
    objects = [part for part in parts_of(job_schema()) if "properties" in part and "type" in part]

    assert len(objects) >= 25
    for part in objects:
        assert part["additionalProperties"] is False
        assert part["description"].endswith(".")
        assert all(field["description"].endswith(".") for field in part["properties"].values())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_valid_and_names_the_schema_for_editors(path: Path) -> None:
    text = path.read_text()
    first = text.splitlines()[0]

    assert errors_of(text) == []
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.split("=")[1]).resolve() == SCHEMA


@pytest.mark.parametrize("section", [name for name in FORMS if name not in _OURS_ALONE])
def test_the_forms_of_the_article_are_valid(section: str) -> None:
    assert errors_of(FORMS[section]) == []


JOB = "job_type: a\n{head}tasks:\n- task_type: x\n  script: [x]\n{fields}"


@pytest.mark.parametrize(
    "fields",
    [
        "  retry: {{.N}}\n",
        "  retry: '{{.N}}'\n",
        "  timeout: {{.T}}\n",
        "  timeout: 90\n",
        "  timeout: 1h30m\n",
        "  timeout:\n",
        "  method: {{.M}}\n",
        "  always_run: {{.Always}}\n",
        "  tags: one\n",
        "  tags: [one, two]\n",
        "  variables: [{name: A, value: 1}]\n",
        "  variables: [{A: 1}, {B: [x]}]\n",
        "  variables: {A: {B: [1]}}\n",
        "  environment: {A: 1, B: true, C: x}\n",
        "  on_exit_code: {1: FATAL, 2: FAILED}\n",
        "  on_completed: [COMPLETED]\n",
        "  container: {image: a, volumes: {v: /v}, memory_limit: 1Gi, cpu_limit: 2}\n",
        "  container: {image: a, memory_limit: {{.M}}, cpu_limit: 500m}\n",
        "  artifacts: {paths: a, when: {{.W}}}\n",
        "  pod_labels: {a: 1}\n",
    ],
)
def test_templates_and_lenient_forms_are_valid(fields: str) -> None:
    text = JOB.format(head="", fields="{fields}").replace("{fields}", fields)

    assert parse_job(text)
    assert errors_of(text) == []


@pytest.mark.parametrize(
    "head",
    [
        "required_params: A, B\n",
        "required_params: {A: why}\n",
        "job_variables: [{name: A, value: 1}]\n",
        "notify: {email: me@example.org, slack: ['#a']}\n",
        "notify: {email: {recipients: [me@example.org], when: always}}\n",
        "sem_version: 1.10\n",
    ],
)
def test_lenient_forms_of_the_job_are_valid(head: str) -> None:
    text = JOB.format(head=head, fields="")

    assert parse_job(text)
    assert errors_of(text) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("  retyr: 3\n", "'retyr' was unexpected"),
        ("  retry: many\n", "$.tasks[0].retry"),
        ("  retry: -1\n", "$.tasks[0].retry"),
        ("  timeout: soon\n", "$.tasks[0].timeout"),
        ("  method: SHEL\n", "$.tasks[0].method"),
        ("  allow_failure: perhaps\n", "$.tasks[0].allow_failure"),
        ("  container: {image: a, memory_limit: big}\n", "memory_limit"),
        ("  container: {imagee: a}\n", "imagee"),
        ("  services: [{name: a}]\n", "'image' is a required property"),
        ("  artifacts: {paths: [a], when: never}\n", "when"),
        ("  node_tolerations: {a: Never}\n", "node_tolerations"),
    ],
)
def test_what_the_language_refuses_is_refused(fields: str, said: str) -> None:
    text = JOB.format(head="", fields=fields)
    root = read_document(text).root
    found = list(VALIDATOR.iter_errors(resolve(project(root))))

    assert found
    told = [f"{error.json_path} {error.message}" for error in with_causes(found)]
    assert any(said in line for line in told), told


@pytest.mark.parametrize("text", ["job_type: a\n", "tasks: []\n", "job_type: a\ntasks: [{}]\n"])
def test_what_every_job_has_is_required(text: str) -> None:
    assert errors_of(text)


def test_the_document_for_editors_is_the_schema() -> None:
    assert SCHEMA.read_text() == schema_text(), "write it: python -m tests.unit.docs.rewrite"


def test_it_is_served_without_a_token() -> None:
    answer = ApiPlay().get("/api/schema/job.json", caller={})

    assert (answer.status, answer.json) == (200, job_schema())
    assert answer.headers["Content-Type"] == "application/schema+json"
