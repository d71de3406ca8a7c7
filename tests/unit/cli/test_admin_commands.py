"""`formicary admin`: words, not tracebacks, where AWS is not set up."""

import json

from formicary.entrypoints.cli.app import run
from tests.unit.cli.fake_control_plane import Answer


def test_a_tenant_that_queue_names_cannot_carry_is_refused(capsys):
    code = run(["admin", "create-token", "--table", "t", "--tenant", "two-words"])

    assert code == 2
    assert "underscores" in capsys.readouterr().err


def test_a_missing_region_is_told_in_words(capsys, monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    code = run(["admin", "create-token", "--table", "t"])

    assert code == 1
    assert "region" in capsys.readouterr().err


LIMITS = {"max_concurrency": 9, "user_max_concurrency": 0, "users": {"ann": 2}}


def test_limits_are_shown(formicary, plane):
    plane.on("GET", "/api/limits", Answer(LIMITS))

    told = formicary("admin", "limits").out

    assert [line.split()[-1] for line in told.splitlines()[1:]] == ["9", "number", "2"]


def test_what_is_not_told_of_limits_stays(formicary, plane):
    plane.on("GET", "/api/limits", Answer(LIMITS))
    plane.on("PUT", "/api/limits", Answer(LIMITS))

    assert formicary("admin", "limits", "--each-user", 3, "--user", "bob=1").code == 0

    assert json.loads(plane.asked[1].body) == {
        "max_concurrency": 9,
        "user_max_concurrency": 3,
        "users": {"ann": 2, "bob": 1},
    }


def test_a_limit_without_a_number_is_refused(formicary):
    outcome = formicary("admin", "limits", "--user", "bob")

    assert outcome.code == 2
    assert "NAME=COUNT" in outcome.err


def test_an_ant_token_for_a_method_that_is_none_is_refused(capsys):
    code = run(["admin", "create-ant-token", "--table", "t", "--methods", "SHELL,NOTHING"])

    assert code == 2
    assert "'NOTHING' is none of" in capsys.readouterr().err
