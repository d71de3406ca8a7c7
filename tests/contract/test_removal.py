"""Removal of runs, artifacts and objects, and the tenants that there are."""

from __future__ import annotations

from typing import Any

import pytest

from formicary.adapters.aws.dynamodb_run_remover import DynamoDbRunRemover
from formicary.domain.artifact import Artifact
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.job_run import JobRun
from formicary.domain.records import Principal
from formicary.domain.states import RequestState
from tests.contract.backends import TABLE, Tables


@pytest.fixture
def remover(tables: Tables) -> Any:
    if tables.clients is None:
        return tables.runs
    return DynamoDbRunRemover(tables.clients.dynamodb, TABLE)


def a_run(tables: Tables, tenant: str, name: str = "run") -> JobRun:
    now = tables.clock.now()
    state = RequestState.COMPLETED
    run = JobRun(tenant, name, "exec", "hello", 1, "key", now, now, state, ended_at=now)
    return tables.runs.create(run)


def artifacts(tables: Tables, tenant: str, count: int) -> None:
    for number in range(count):
        name = f"a{number:03d}"
        artifact = Artifact(id=name, name=name, key=f"t/{tenant}/{name}", job_request_id="run")
        tables.runs.put_artifact(tenant, artifact)


def test_a_retired_run_is_gone_from_lists_and_its_id_is_noted(tables, remover, tenant):
    run = a_run(tables, tenant)

    remover.retire(run)

    assert tables.runs.find(tenant, "run") is None
    assert tables.runs.list_runs(tenant).records == ()
    assert list(remover.retired(tenant, 10)) == ["run"]
    assert list(remover.retired(f"{tenant}x", 10)) == []


def test_a_run_that_has_changed_is_not_retired(tables, remover, tenant):
    run = a_run(tables, tenant)
    tables.runs.save(run)

    with pytest.raises(ConcurrentUpdateError):
        remover.retire(run)

    assert tables.runs.find(tenant, "run") is not None
    assert list(remover.retired(tenant, 10)) == []


def test_what_is_left_of_a_run_goes_in_pieces_and_the_note_last(tables, remover, tenant):
    run = a_run(tables, tenant)
    a_run(tables, tenant, "another")
    tables.runs.archive_execution(run)
    artifacts(tables, tenant, 60)
    remover.retire(run)

    pieces = 1
    while not remover.remove_remains(tenant, "run", 30):
        assert list(remover.retired(tenant, 10)) == ["run"]
        pieces += 1

    assert pieces == 3
    assert list(tables.runs.artifacts_of_run(tenant, "run")) == []
    assert list(remover.retired(tenant, 10)) == []
    assert tables.runs.find(tenant, "another") is not None


def test_removing_what_is_gone_does_no_harm(tables, remover, tenant):
    assert remover.remove_remains(tenant, "nothing", 30)


def test_the_metadata_of_an_artifact_is_forgotten_alone(tables, remover, tenant):
    artifacts(tables, tenant, 2)
    first = tables.runs.find_artifact(tenant, "a000")

    remover.delete_artifact(tenant, first)
    remover.delete_artifact(tenant, first)

    assert tables.runs.find_artifact(tenant, "a000") is None
    assert tables.runs.find_artifact(tenant, "a001") is not None


def test_a_tenant_is_known_from_its_first_token_on(tables, tenant):
    for name in (f"{tenant}c", f"{tenant}a", f"{tenant}b", f"{tenant}a"):
        tables.tokens.put(f"hash of {name}", Principal(name, "user"))

    first = tables.tokens.tenants(tenant, 2)
    rest = tables.tokens.tenants(first[-1], 1000)

    assert list(first) == [f"{tenant}a", f"{tenant}b"]
    assert rest[0] == f"{tenant}c"


def test_objects_are_removed_by_key_and_others_stay(services, tenant):
    for name in ("a", "b", "c"):
        services.objects.put(f"t/{tenant}/{name}", b"x", "text/plain")

    services.objects.delete([])
    services.objects.delete([f"t/{tenant}/a", f"t/{tenant}/c", f"t/{tenant}/never"])

    assert list(services.objects.list_keys(f"t/{tenant}/")) == [f"t/{tenant}/b"]


def test_more_objects_than_one_call_takes_are_removed(services, tenant):
    keys = [f"t/{tenant}/{number:04d}" for number in range(1003)]
    for key in (keys[0], keys[-1]):
        services.objects.put(key, b"x", "text/plain")

    services.objects.delete(keys)

    assert list(services.objects.list_keys(f"t/{tenant}/")) == []


def test_the_first_keys_below_a_prefix_can_be_asked_for(services, tenant):
    for name in ("c", "a", "b"):
        services.objects.put(f"t/{tenant}/{name}", b"x", "text/plain")

    assert list(services.objects.list_keys(f"t/{tenant}/", 2)) == [f"t/{tenant}/a", f"t/{tenant}/b"]
