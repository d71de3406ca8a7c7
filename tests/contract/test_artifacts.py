"""Contract of RunRepository: metadata of artifacts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formicary.domain.artifact import ArtifactKind
from formicary.domain.errors import InvalidRequestError
from tests.contract.examples import NOW, an_artifact


def a_full_artifact():
    return an_artifact(
        "01A#/ü",
        path="out/a.txt",
        kind=ArtifactKind.USER,
        job_execution_id="e1",
        task_execution_id="t1",
        task_type="encode",
        artifact_order=3,
        sha256="f" * 64,
        content_type="text/plain",
        content_length=12345678901,
        metadata={"archive": "tar.gz", "ü": ""},
        user_id="joe",
        expires_at=NOW + timedelta(days=3),
    )


def test_an_artifact_comes_back_as_it_was(runs, tenant):
    bare = an_artifact("02", request_id="", content_type="", created_at=None)
    for artifact in (a_full_artifact(), bare):
        runs.put_artifact(tenant, artifact)

    assert runs.find_artifact(tenant, a_full_artifact().id) == a_full_artifact()
    assert runs.find_artifact(tenant, "02") == bare
    assert runs.find_artifact(tenant, "01A") is None
    assert runs.find_artifact(f"{tenant}x", "02") is None


def test_artifacts_of_a_run_come_by_id(runs, tenant):
    for artifact_id, run in (("03", "r1"), ("01", "r1"), ("02", "r2")):
        runs.put_artifact(tenant, an_artifact(artifact_id, run))

    assert [a.id for a in runs.artifacts_of_run(tenant, "r1")] == ["01", "03"]
    assert runs.artifacts_of_run(tenant, "r") == []


def test_artifacts_are_listed_newest_first_and_filtered_by_equality(runs, tenant):
    for number in range(6):
        kind = ArtifactKind.LOGS if number % 2 else ArtifactKind.TASK_ARTIFACTS
        user = "joe" if number < 2 else ""
        runs.put_artifact(tenant, an_artifact(f"a{number}", f"r{number}", kind=kind, user_id=user))

    def ids(**filters: str) -> list[str]:
        page = runs.list_artifacts(tenant, filters=filters)
        assert page.total == len(page.records)
        return [artifact.id for artifact in page.records]

    assert ids() == ["a5", "a4", "a3", "a2", "a1", "a0"]
    assert ids(kind="LOGS") == ["a5", "a3", "a1"]
    assert ids(job_request_id="r2", kind="TASK_ARTIFACTS") == ["a2"]
    assert ids(user_id="") == ["a5", "a4", "a3", "a2"]
    assert ids(name="a1.txt") == ["a1"]
    assert ids(name="nothing") == []


def test_a_filter_that_artifacts_do_not_have_is_refused(runs, tenant):
    with pytest.raises(InvalidRequestError, match="colour"):
        runs.list_artifacts(tenant, filters={"colour": "red"})


def test_pages_of_artifacts_go_on_by_token(runs, tenant):
    for number in range(5):
        runs.put_artifact(tenant, an_artifact(f"a#{number}"))

    first = runs.list_artifacts(tenant, filters={"job_request_id": "r1"}, limit=3)
    rest = runs.list_artifacts(
        tenant, filters={"job_request_id": "r1"}, limit=3, token=first.next_token
    )

    assert [a.id for a in first.records + rest.records] == [f"a#{n}" for n in (4, 3, 2, 1, 0)]
    assert (first.total, rest.total, rest.next_token) == (5, 5, None)
    with pytest.raises(InvalidRequestError):
        runs.list_artifacts(tenant, filters={}, token=first.next_token)
