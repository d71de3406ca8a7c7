"""The table of error codes over HTTP."""

import pytest

from formicary.domain.error_rules import EVERYBODY, ErrorRule
from tests.unit.lambdas.api_play import ApiPlay

ERRORS = "/api/errors"
ROW = {"error_code": "ERR_DISK_FULL", "regex": "No space left", "action": "SUSPEND_JOB"}


def of_everybody(api: ApiPlay) -> None:
    now = api.clock.now()
    api.plane.error_rules.put(
        ErrorRule(
            id="of-all",
            tenant=EVERYBODY,
            error_code="ERR_NET",
            regex="reset by peer",
            created_at=now,
            updated_at=now,
        )
    )


def test_a_row_is_added_shown_changed_and_deleted(api: ApiPlay) -> None:
    added = api.post(ERRORS, ROW)
    assert added.status == 201
    path = added.headers["Location"]
    assert api.get(path).json["error_code"] == "ERR_DISK_FULL"

    changed = api.call("PUT", path, {**ROW, "error_code": "ERR_DISK"})
    assert (changed.status, changed.json["error_code"]) == (200, "ERR_DISK")
    assert api.call("DELETE", path).status == 204
    assert api.get(path).status == 404


def test_rows_of_everybody_are_listed_last_and_cannot_be_changed(api: ApiPlay) -> None:
    of_everybody(api)
    api.post(ERRORS, ROW)

    listed = api.get(ERRORS).json["records"]

    assert [row["everybody"] for row in listed] == [False, True]
    assert api.call("DELETE", f"{ERRORS}/of-all").status == 409
    assert api.call("PUT", f"{ERRORS}/of-all", ROW).status == 409


def test_an_operator_adds_changes_and_deletes_rows_of_everybody(api: ApiPlay) -> None:
    operator = {"tenant": "ours", "user": "olga", "role": "operator"}
    added = api.post(ERRORS, ROW, query={"everybody": "true"}, caller=operator)
    path = added.headers["Location"]

    assert (added.status, added.json["everybody"], added.json["user_id"]) == (201, True, "olga")
    assert api.get(path).json["everybody"] is True
    again = api.post(ERRORS, ROW, query={"everybody": "true"}, caller=operator)
    assert (again.status, again.json["id"]) == (409, added.json["id"])
    # One's own over it is no conflict.
    assert api.post(ERRORS, ROW).status == 201
    changed = api.call("PUT", path, {**ROW, "error_code": "ERR_DISK"}, caller=operator)
    assert (changed.status, changed.json["everybody"]) == (200, True)
    assert api.call("DELETE", path, caller=operator).status == 204
    assert api.get(path).status == 404


def test_who_is_no_operator_adds_no_row_of_everybody(api: ApiPlay) -> None:
    refused = api.post(ERRORS, ROW, query={"everybody": "true"})

    assert (refused.status, refused.json["code"]) == (403, "ERR_FORBIDDEN")
    assert "a token of the role operator" in refused.json["detail"]
    assert api.get(ERRORS).json["total_records"] == 0


def test_an_operator_sees_and_changes_nothing_of_other_tenants(api: ApiPlay) -> None:
    path = api.post(ERRORS, ROW).headers["Location"]
    operator = {"tenant": "ours", "user": "olga", "role": "operator"}

    assert api.get(path, caller=operator).status == 404
    assert api.call("DELETE", path, caller=operator).status == 404
    assert api.call("PUT", path, ROW, caller=operator).status == 404


def test_two_rows_that_fit_the_same_are_one_too_many(api: ApiPlay) -> None:
    api.post(ERRORS, ROW)

    assert api.post(ERRORS, {**ROW, "error_code": "ERR_OTHER"}).status == 409


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"error_code": "ERR_A"}, "fit every failure"),
        ({"error_code": "DISK", "regex": "x"}, "error_code"),
        ({"error_code": "ERR_A", "regex": "(a+)+"}, "for ever"),
        ({"error_code": "ERR_A", "regex": "("}, "regex"),
        ({"error_code": "ERR_A", "regex": "x", "action": "REBOOT"}, "RETRY_TASK"),
        ({"error_code": "ERR_A", "regex": "x", "actoin": "RETRY_TASK"}, "action"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_words(
    api: ApiPlay, row: dict[str, str], said: str
) -> None:
    refused = api.post(ERRORS, row)

    assert refused.status == 400
    assert said in refused.json["detail"]


def test_tenants_do_not_see_each_others_rows(api: ApiPlay) -> None:
    path = api.post(ERRORS, ROW).headers["Location"]
    stranger = {"tenant": "evil", "user": "eve", "role": "admin"}

    assert api.get(path, caller=stranger).status == 404
    assert api.get(ERRORS, caller=stranger).json["total_records"] == 0
