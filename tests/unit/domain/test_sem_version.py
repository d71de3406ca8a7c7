"""Versions of public plugins are read, compared, and rise."""

import pytest

from formicary.domain.parsed_job import parse_job
from formicary.domain.sem_version import may_follow, parse_version
from tests.unit.domain.job_texts import faults_of, job

TASK = "task_type: x, method: SHELL, script: [x]"
RISING = ["0.9.9", "1.0-dev", "1.0-dev2", "1.0-rc-1", "1.0rc2", "1.0", "1.0.1-dev", "1.2", "1.10"]


def plugin(head: str, job_type: str = "org.example.plugin") -> str:
    return job(TASK, head=f"public_plugin: true\n{head}").replace("sample", job_type)


def test_versions_are_ordered_by_number_and_stage() -> None:
    assert sorted(RISING, key=parse_version) == RISING


@pytest.mark.parametrize("text", ["", "1", "1.", "v1.0", "1.2.3.4", "1.0-beta", "1.0-dev-x"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no semantic version"):
        parse_version(text)


def test_a_release_is_published_once_and_a_version_of_development_again_and_again() -> None:
    assert may_follow("1.0-dev", "1.0-dev")
    assert may_follow("1.0", "1.0-rc1")
    assert not may_follow("1.0", "1.0")
    assert not may_follow("1.0", "1.1-dev")


def test_a_public_plugin_needs_a_version() -> None:
    (fault,) = faults_of(plugin(""))

    assert (fault.code, fault.field) == ("missing-field", "public_plugin")
    assert parse_job(plugin("sem_version: 1.10\n")).definition.sem_version == "1.10"


def test_the_version_of_a_public_plugin_is_no_template() -> None:
    (fault,) = faults_of(plugin("sem_version: '{{.Version}}'\n"))

    assert (fault.code, fault.field) == ("bad-version", "sem_version")


def test_the_name_of_a_public_plugin_begins_with_a_bundle() -> None:
    (fault,) = faults_of(plugin("sem_version: 1.0\n", "plugin"))

    assert (fault.code, fault.field) == ("bad-name", "job_type")
