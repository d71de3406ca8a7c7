"""`formicary config`: whose configs, and how values are said."""

import io
import json

import pytest

from tests.unit.cli.fake_control_plane import Answer
from tests.unit.cli.runs import START, a_page

CONFIG = {"id": "A", "name": "A", "kind": "int", "value": 4, "updated_at": START}
OWNERS = [
    ((), "/api/orgs/me/configs"),
    (("--user",), "/api/users/configs"),
    (("--job", "word-count"), "/api/jobs/definitions/word-count/configs"),
]


@pytest.mark.parametrize(("options", "path"), OWNERS)
def test_options_say_whose_configs_are_meant(formicary, plane, options, path):
    plane.on("GET", path, Answer(a_page(CONFIG)))
    plane.on("GET", f"{path}/A", Answer(CONFIG))
    plane.on("POST", path, Answer(CONFIG, 201))
    plane.on("DELETE", f"{path}/A", Answer(None, 204))

    assert "A      int    4" in formicary("config", "list", *options).out
    assert formicary("config", "show", "A", *options).out == "4\n"
    assert formicary("config", "set", "A", "4", "--kind", "int", *options).err == "added A\n"
    assert formicary("config", "delete", "A", *options).code == 0
    assert json.loads(plane.asked[2].body) == {"name": "A", "value": "4", "kind": "int"}


def test_a_value_of_a_dash_is_read_from_standard_input(formicary, plane, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("two\nlines\n"))
    plane.on("POST", "/api/orgs/me/configs", Answer(CONFIG, 200))

    outcome = formicary("config", "set", "A", "-")

    assert json.loads(plane.asked[0].body)["value"] == "two\nlines"
    assert outcome.err == "changed A\n"


def test_a_secret_is_read_from_standard_input(formicary, plane, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("s3cr3t\n"))
    plane.on("POST", "/api/users/configs", Answer({**CONFIG, "value": "****"}, 201))

    outcome = formicary("config", "set", "Token", "-", "--secret", "--user")

    sent = json.loads(plane.asked[0].body)
    assert sent == {"name": "Token", "value": "s3cr3t", "kind": "string", "secret": True}
    assert "s3cr3t" not in outcome.out + outcome.err


def test_a_value_is_asked_for_only_when_it_is_secret(formicary, plane):
    outcome = formicary("config", "set", "A")

    assert outcome.code == 2
    assert "VALUE" in outcome.err
    assert plane.asked == []


def test_a_config_has_one_owner(formicary, plane):
    outcome = formicary("config", "list", "--user", "--job", "x")

    assert outcome.code == 2
    assert plane.asked == []
