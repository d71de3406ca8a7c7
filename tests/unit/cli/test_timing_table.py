"""`formicary run show --timings`."""

from tests.unit.cli.fake_control_plane import Answer
from tests.unit.cli.runs import RUN_ID, a_run, a_task

_MINUTE = "2026-01-01T00:00:"


def test_each_step_lasts_from_the_one_before_it(formicary, plane):
    timings = {
        "received_at": f"{_MINUTE}10Z",
        "dependent_artifacts_downloaded_at": f"{_MINUTE}12Z",
        "pod_started_at": f"{_MINUTE}12.500Z",
        "script_finished_at": f"{_MINUTE}20Z",
        "post_script_finished_at": None,
        "artifacts_uploaded_at": f"{_MINUTE}21Z",
    }
    tasks = [a_task("built", timings=timings), a_task("forked", timings={})]
    plane.on("GET", f"/api/jobs/requests/{RUN_ID}", Answer(a_run(tasks=tasks)))

    plain = formicary("run", "show", RUN_ID).out
    lines = formicary("run", "show", RUN_ID, "--timings").out.splitlines()

    (row,) = [line for line in lines if line.startswith("built")]
    assert [f"{word} s" for word in row.split()[-8::2]] == ["2.0 s", "0.5 s", "7.5 s", "1.0 s"]
    assert not [line for line in lines if line.startswith("forked")]
    assert "FETCHED" not in plain
