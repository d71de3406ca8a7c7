from formicary.domain.errors import UnavailableError
from lambdas.handle_api.handler import handler
from tests.unit.lambdas.api_play import ApiPlay, gateway_event


def test_a_function_without_settings_answers_a_problem_and_raises_nothing() -> None:
    answer = handler(gateway_event("GET", "/api/health"), None)

    assert answer["statusCode"] == 500
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert "table_name" not in answer["body"]


def test_an_event_that_is_no_request_is_a_problem_too() -> None:
    assert handler({}, None)["statusCode"] == 500


def test_each_request_is_logged_with_who_and_what(caplog) -> None:
    handler(gateway_event("GET", "/api/ants"), None)

    line = vars(caplog.records[0])
    assert (line["msg"], line["method"], line["path"]) == ("request", "GET", "/api/ants")
    assert (line["tenant"], line["user"]) == ("acme", "ann")
    assert "fmc_" not in str(line)


def test_an_answer_without_content_has_an_empty_body(api: ApiPlay) -> None:
    api.define()

    answer = api.api.handle(gateway_event("DELETE", "/api/jobs/definitions/hello"), None)

    assert (answer["statusCode"], answer["body"]) == (204, "")


def test_a_stage_in_the_path_is_no_part_of_it(api: ApiPlay) -> None:
    event = gateway_event("GET", "/prod/api/jobs/requests")
    event["requestContext"]["stage"] = "prod"

    assert api.api.handle(event, None)["statusCode"] == 200


def test_health_is_503_when_the_table_does_not_answer(api: ApiPlay) -> None:
    class Down:
        def find(self, token_sha256: str) -> None:
            raise UnavailableError

    api.put_in_place(tokens=Down())

    answer = api.get("/api/health", caller={})

    assert (answer.status, answer.json["overall_status"]) == (503, "UNHEALTHY")
