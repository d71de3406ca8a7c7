"""Public plugins of other organizations, submitted by version over HTTP."""

import pytest

from tests.unit.lambdas.job_play import JobPlay

NAME = "io.formicary.tagger"
PLUGIN = """
job_type: io.formicary.tagger
sem_version: "{version}"
public_plugin: {public}
required_params: [Tag]
tasks:
- task_type: tag
  method: SHELL
  script: [tag {version} {{{{.Tag}}}}]
"""


@pytest.fixture
def play() -> JobPlay:
    """The plugin of a publisher: 1.0 and 1.1 are public, the draft that follows is not."""
    play = JobPlay(tenant="publisher")
    for version, public in (("1.0", "true"), ("1.1", "true"), ("1.2", "false")):
        assert play.define(PLUGIN.format(version=version, public=public)).status == 201
    play.tenant = "acme"
    return play


@pytest.mark.parametrize("how", [{"job_version": "1.0"}, {"job_version": 1}, {"behind": ":1.0"}])
def test_a_plugin_of_another_organization_runs_in_ones_own(
    play: JobPlay, how: dict[str, str]
) -> None:
    run_id = play.start(NAME + how.pop("behind", ""), params={"Tag": "v7"}, **how)
    task = play.next_task()

    assert task.tenant == "acme"
    assert task.request.script == ["tag 1.0 v7"]
    play.finish(task)
    shown = play.show(run_id)
    assert (shown["job_state"], shown["organization_id"]) == ("COMPLETED", "acme")
    assert (shown["job_type"], shown["job_version"]) == (NAME, "1")
    play.tenant = "publisher"
    assert play.get("/api/jobs/requests").json["total_records"] == 0


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({}, 404, "Version 3 of 'io.formicary.tagger' is not public"),
        ({"job_version": "1.2"}, 404, "is not public"),
        ({"job_version": "3.0"}, 404, "has no version '3.0'"),
        ({"job_version": "9"}, 404, "has no version '9'"),
        ({"job_version": "newest"}, 400, "neither a version number nor a sem_version"),
        ({"job_version": "1.0", "job_type": f"{NAME}:1.1"}, 400, "leave one of them out"),
        ({"job_version": "1.0", "params": {}}, 400, "needs 'Tag' in params"),
        ({"job_type": "io.formicary.tager"}, 404, "There is no job type 'io.formicary.tager'"),
    ],
)
def test_a_version_that_one_may_not_run_is_refused_with_words(
    play: JobPlay, asked: dict[str, object], status: int, said: str
) -> None:
    refused = play.post("/api/jobs/requests", {"job_type": NAME, "params": {"Tag": "x"}} | asked)

    assert refused.status == status
    assert said in refused.json["detail"]
    assert play.get("/api/jobs/requests").json["total_records"] == 0


def test_a_job_type_of_ones_own_goes_before_the_plugin(play: JobPlay) -> None:
    play.define(PLUGIN.format(version="7.0", public="false"))

    play.start(NAME, params={"Tag": "own"})

    assert play.next_task().request.script == ["tag 7.0 own"]


def test_a_sem_version_of_ones_own_can_be_asked_for(play: JobPlay) -> None:
    play.tenant = "publisher"

    for version in ("1.0", "1.2"):
        play.start(NAME, params={"Tag": "own"}, job_version=version)
        assert play.next_task().request.script == [f"tag {version} own"]


def test_a_restart_does_not_reach_what_is_not_public(play: JobPlay) -> None:
    run_id = play.start(NAME, params={"Tag": "v7"}, job_version="1.0")
    play.finish(play.next_task(), "1")
    path = f"/api/jobs/requests/{run_id}/restart"

    for version in ("latest", "3"):
        refused = play.post(path, query={"version": version})
        assert (refused.status, refused.json["code"]) == (404, "ERR_NOT_FOUND")
    assert play.post(path, query={"version": "2"}).status == 202
    play.settle()
    assert play.next_task().request.script == ["tag 1.1 v7"]


def test_a_disabled_plugin_takes_no_requests(play: JobPlay) -> None:
    play.tenant = "publisher"
    assert play.post(f"/api/jobs/definitions/{NAME}/disable").status == 200
    play.tenant = "acme"

    refused = play.submit(NAME, params={"Tag": "x"}, job_version="1.0")

    assert refused.status == 409
    assert "is disabled" in refused.json["detail"]


def test_who_published_a_plugin_is_not_told_who_uses_it(play: JobPlay) -> None:
    play.tenant = "publisher"
    text = PLUGIN.format(version="1.3", public="true")
    told = "notify: {email: {recipients: [owner@example.com], when: always}}\n"
    assert play.define(text + told).status == 201

    announced = {}
    for tenant in ("publisher", "acme"):
        play.tenant = tenant
        run_id = play.start(NAME, params={"Tag": "x"})
        run = play.plane.runs.find(tenant, run_id)
        assert run is not None
        announced[tenant] = run.announces

    assert announced == {"publisher": "n", "acme": ""}
