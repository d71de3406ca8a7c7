"""`formicary ant`: doctor and drain."""

import json

from tests.unit.cli.fake_control_plane import Answer


def test_the_doctor_tells_faults_and_exits_with_1(formicary, plane, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    plane.problem("POST", "/api/ants", 403, "This token is no ant's.", code="ERR_FORBIDDEN")

    done = formicary("ant", "doctor", "--work-dir", tmp_path, "--output", "json")

    findings = {finding["part"]: finding for finding in json.loads(done.out)}
    assert done.code == 1
    assert findings["control plane"] == {
        "part": "control plane",
        "verdict": "fault",
        "text": "refuses this ant: This token is no ant's. (ERR_FORBIDDEN)",
    }
    assert findings["SHELL"]["verdict"] == "good"
    assert "queues" not in findings


def test_a_method_that_is_none_is_refused(formicary):
    done = formicary("ant", "doctor", "--methods", "SHEL")

    assert done.code == 2
    assert "'SHEL' is none of" in done.err


def test_drain_asks_the_control_plane_and_tells_what_still_runs(formicary, plane):
    plane.on(
        "POST", "/api/ants/builder-1/drain", Answer({"ant_id": "builder-1", "in_flight": [{}]})
    )

    done = formicary("ant", "drain", "builder-1")

    assert (done.code, done.out) == (0, "builder-1 drains; tasks that run: 1\n")


def test_ants_that_take_no_work_are_told_from_those_that_do(formicary, plane):
    ants = [
        {"ant_id": "a", "alive": True},
        {"ant_id": "b", "alive": True, "draining": True},
        {"ant_id": "c", "alive": True, "condition": "no room"},
        {"ant_id": "d", "alive": False, "draining": True},
    ]
    plane.on("GET", "/api/ants", Answer({"records": ants, "total_records": 4}))

    lines = formicary("ant", "list").out.splitlines()[1:]

    assert [" ".join(line.split()[1:3]) for line in lines] == [
        "alive 0/?",
        "draining 0/?",
        "refuses work",
        "silent 0/?",
    ]
