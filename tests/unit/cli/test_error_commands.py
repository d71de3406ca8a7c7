"""`formicary error`: rows of one's own, and those of everybody."""

import json

import pytest

from tests.unit.cli.fake_control_plane import Answer
from tests.unit.cli.runs import a_page

ERRORS = "/api/errors"
ROW = {"id": "01K", "error_code": "ERR_DISK_FULL", "regex": "No space left"}


@pytest.mark.parametrize(
    ("options", "query"), [((), {}), (("--everybody",), {"everybody": "true"})]
)
def test_a_row_is_for_the_tenant_unless_it_is_for_everybody(formicary, plane, options, query):
    plane.on("POST", ERRORS, Answer(ROW, 201))

    outcome = formicary("error", "add", "ERR_DISK_FULL", "--regex", "No space left", *options)

    assert (outcome.code, outcome.err) == (0, "added 01K\n")
    assert plane.asked[0].query == query
    sent = json.loads(plane.asked[0].body)
    assert sent == {"error_code": "ERR_DISK_FULL", "regex": "No space left"}


def test_the_list_tells_which_rows_are_those_of_everybody(formicary, plane):
    own, shared = ROW, {**ROW, "id": "01L", "everybody": True}
    plane.on("GET", ERRORS, Answer(a_page(own, shared)))

    lines = formicary("error", "list").out.splitlines()

    assert [line.endswith("everybody") for line in lines if "ERR_DISK_FULL" in line] == [
        False,
        True,
    ]


def test_a_refusal_tells_the_mend(formicary, plane):
    plane.problem("POST", ERRORS, 403, "use a token of the role operator", code="ERR_FORBIDDEN")

    outcome = formicary("error", "add", "ERR_A", "--exit-code", "75", "--everybody")

    assert outcome.code != 0
    assert "use a token of the role operator" in outcome.err
