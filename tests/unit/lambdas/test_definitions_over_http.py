import json

import pytest

from tests.unit.lambdas.api_play import HELLO, ApiPlay


def test_an_upload_answers_201_with_the_definition(api: ApiPlay) -> None:
    answer = api.define()

    assert answer.status == 201
    assert answer.json["id"] == "hello:1"
    assert answer.json["organization_id"] == "acme"
    assert [task["task_type"] for task in answer.json["tasks"]] == ["greet", "part"]
    assert answer.headers["Location"] == "/api/jobs/definitions/hello:1"


def test_the_same_text_again_makes_no_new_version(api: ApiPlay) -> None:
    api.define()

    answer = api.define()

    assert (answer.status, answer.json["version"]) == (200, 1)


def test_another_text_makes_a_new_version_and_the_old_one_stays(api: ApiPlay) -> None:
    api.define()
    api.define(HELLO.replace("goodbye", "see you"))

    assert api.get("/api/jobs/definitions/hello").json["version"] == 2
    assert b"goodbye" in api.get("/api/jobs/definitions/hello:1/yaml").body


@pytest.mark.parametrize("text", [HELLO, HELLO.replace("\n", "\r\n"), HELLO + "# café \u2028\n"])
def test_the_text_comes_back_byte_for_byte(api: ApiPlay, text: str) -> None:
    api.define(text)

    answer = api.get("/api/jobs/definitions/hello/yaml")

    assert answer.body == text.encode()
    assert answer.headers["Content-Type"] == "application/yaml"


@pytest.mark.parametrize(
    "content_type",
    ["application/yaml", "text/yaml", "application/x-yaml", "application/x-www-form-urlencoded"],
)
def test_yaml_is_taken_whatever_curl_calls_it(api: ApiPlay, content_type: str) -> None:
    headers = {"content-type": content_type}

    assert api.post("/api/jobs/definitions", HELLO, headers=headers).status == 201


def test_a_definition_may_be_json(api: ApiPlay) -> None:
    task = {"task_type": "a", "method": "SHELL", "script": ["true"]}

    answer = api.post("/api/jobs/definitions", {"job_type": "from-json", "tasks": [task]})

    assert answer.status == 201


def test_every_fault_is_told_with_its_place_and_nothing_is_stored(api: ApiPlay) -> None:
    answer = api.define(HELLO.replace("method: SHELL", "metod: SHELL").replace("part", "prt", 1))

    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["code"] == "ERR_DEFINITION"
    assert len(answer.json["errors"]) >= 2
    assert all(fault["line"] > 0 and fault["message"] for fault in answer.json["errors"])
    assert api.get("/api/jobs/definitions").json["total_records"] == 0


def test_bytes_that_are_not_utf8_are_refused_with_their_line(api: ApiPlay) -> None:
    answer = api.post("/api/jobs/definitions", b"job_type: a\ntasks: \xff\n")

    (error,) = answer.json["errors"]
    assert (answer.status, error["code"], error["line"]) == (400, "not-utf8", 2)
    assert "0xff" in error["message"]


def test_a_text_over_the_limit_is_refused_with_the_limit(api: ApiPlay) -> None:
    answer = api.define(HELLO + "#" * 256 * 1024)

    assert (answer.status, answer.json["limit_bytes"]) == (413, 256 * 1024)


def test_an_upload_makes_the_task_queues(api: ApiPlay) -> None:
    api.define(HELLO.replace("method: SHELL", "method: SHELL\n    tags: [Linux]"))

    assert [queue.routing_key for queue in api.plane.ants.queues("acme")] == ["SHELL|linux"]


def test_lists_are_paged(api: ApiPlay) -> None:
    for number in range(5):
        api.define(HELLO.replace("hello", f"job-{number}", 1))

    answer = api.get("/api/jobs/definitions", query={"page": "1", "page_size": "2"}).json

    assert [record["job_type"] for record in answer["records"]] == ["job-2", "job-3"]
    assert (answer["page"], answer["page_size"]) == (1, 2)
    assert (answer["total_records"], answer["total_pages"]) == (5, 3)


def test_an_unknown_job_type_is_404_and_the_nearest_is_named(api: ApiPlay) -> None:
    api.define()

    answer = api.get("/api/jobs/definitions/helo")

    assert answer.status == 404
    assert "'hello'" in answer.json["detail"]


def test_a_deleted_type_is_gone_and_may_come_back(api: ApiPlay) -> None:
    api.define()

    assert api.call("DELETE", "/api/jobs/definitions/hello:1").status == 204
    assert api.get("/api/jobs/definitions/hello").status == 404
    assert api.submit(params={"Name": "x"}).status == 404
    assert api.define().json["id"] == "hello:2"


@pytest.mark.parametrize(
    ("form", "media_type", "beginning"),
    [
        ("dot", "text/vnd.graphviz", b'digraph "hello:1" {'),
        ("dot.png", "image/png", b"\x89PNG\r\n\x1a\n"),
        ("mermaid", "text/vnd.mermaid; charset=utf-8", b"flowchart TD"),
    ],
)
def test_the_graph_is_drawn(api: ApiPlay, form: str, media_type: str, beginning: bytes) -> None:
    api.define()

    answer = api.get(f"/api/jobs/definitions/hello/{form}")

    assert answer.headers["Content-Type"] == media_type
    assert answer.body.startswith(beginning)


def test_a_path_may_be_escaped(api: ApiPlay) -> None:
    api.define()

    assert api.get("/api/jobs/definitions/hello%3A1").json["id"] == "hello:1"


def test_a_summary_is_enough_to_submit(api: ApiPlay) -> None:
    api.define(HELLO.replace("tasks:", "required_params:\n  - Name\ntasks:", 1))

    record = api.plane.definitions.find_type("acme", "hello")

    assert record is not None
    assert (record.summary["tasks"], record.summary["required_params"]) == (2, ["Name"])
    assert json.dumps(record.summary)


def test_a_public_plugin_rises_in_version(api: ApiPlay) -> None:
    def publish(version: str, text: str = "goodbye"):
        plugin = HELLO.replace("job_type: hello", "job_type: org.acme.hello")
        head = f"public_plugin: true\nsem_version: {version}\n"
        return api.define(head + plugin.replace("goodbye", text))

    assert publish("1.0-dev").status == 201
    assert publish("1.0-dev", "again").status == 201
    assert publish("1.0").status == 201
    assert publish("1.0").status == 200
    refused = publish("1.0", "other")
    assert (refused.status, refused.json["sem_version"]) == (409, "1.0")
    assert "higher sem_version" in refused.json["detail"]
    assert publish("1.1", "other").status == 201


def test_a_definition_tells_when_its_cron_fires_next(api: ApiPlay) -> None:
    head = "cron_trigger: 30 9 * * MON-FRI\ncron_timezone: Europe/Oslo\n"

    times = api.define(head + HELLO).json["next_fire_times"]

    assert len(times) == 5
    assert all("T09:30:00+0" in time for time in times)
    assert times == sorted(times)
    assert api.get("/api/jobs/definitions/hello").json["next_fire_times"] == times
    assert api.define(HELLO).json["next_fire_times"] == []


def test_a_cron_of_templates_tells_no_times(api: ApiPlay) -> None:
    answer = api.define("cron_trigger: '{{.When}}'\n" + HELLO)

    assert (answer.status, answer.json["next_fire_times"]) == (201, [])
