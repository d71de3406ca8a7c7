"""Whatever text comes: a definition, or its faults; and what is read can be written and read."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from formicary.domain.errors import InvalidDefinitionError
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault
from formicary.domain.job_schema import job_schema
from formicary.domain.parsed_job import ParsedJob, parse_job
from formicary.domain.templating import TemplateError
from tests.strategies.definitions import Structure, definitions, near_texts, texts, to_yaml

CORPUS = sorted((Path(__file__).parents[2] / "corpus" / "definitions").iterdir())
SCHEMA = Draft202012Validator(job_schema())
patient = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_outcome(text: str | bytes) -> None:
    """Hold that a text gives a definition that can be shown and rendered, or placed faults."""
    faults, parsed = outcome_of(text)
    for fault in faults:
        assert fault.code in set(FaultCode)
        assert fault.message
        assert fault.line >= 0
    if parsed is None:
        assert faults
        return
    json.dumps(parsed.to_json())
    for task in parsed.definition.tasks:
        with suppress(TemplateError):
            parsed.render_task(task.task_type, {"A": 1})


def outcome_of(text: str | bytes) -> tuple[tuple[Fault, ...], ParsedJob | None]:
    try:
        return (), parse_job(text)
    except InvalidDefinitionError as error:
        return error.faults, None


@patient
@given(texts())
def test_a_definition_that_is_right_has_no_faults(text: str) -> None:
    assert parse_job(text).definition.tasks


@patient
@given(definitions())
def test_what_is_read_and_written_is_read_as_the_same(structure: Structure) -> None:
    first = parse_job(json.dumps(structure))
    shown = first.to_json()

    for written in (json.dumps(shown), to_yaml(shown, sort_keys=False)):
        again = parse_job(written)
        assert again.to_json() == shown
        assert again.definition == first.definition


@patient
@given(definitions())
def test_what_is_right_is_valid_by_the_schema(structure: Structure) -> None:
    assert [error.message for error in SCHEMA.iter_errors(structure)] == []


@patient
@given(near_texts())
def test_a_text_near_a_definition_is_one_or_has_faults(text: str) -> None:
    check_outcome(text)


@patient
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
@example(b"\xff\xfe")
@example("\ud800")
def test_any_text_at_all_is_a_definition_or_has_faults(text: str | bytes) -> None:
    check_outcome(text)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_the_corpus_of_odd_texts_gives_definitions_or_faults(path: Path) -> None:
    check_outcome(path.read_bytes())
