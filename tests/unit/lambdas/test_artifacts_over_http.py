import hashlib

import pytest

from formicary.domain.artifact import Artifact
from tests.unit.lambdas.api_play import ApiPlay

CONTENT = bytes(range(256)) * 10


def test_an_upload_answers_what_is_known_of_it(api: ApiPlay) -> None:
    headers = {"content-type": "image/png"}

    answer = api.post("/api/artifacts", CONTENT, query={"name": "ant.png"}, headers=headers)

    assert answer.status == 201
    view = answer.json
    assert (view["name"], view["content_type"], view["kind"]) == ("ant.png", "image/png", "USER")
    assert view["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert view["content_length"] == len(CONTENT)
    assert "key" not in view
    assert api.get(f"/api/artifacts/{view['id']}").json == view


def test_a_download_leads_to_the_content(api: ApiPlay) -> None:
    artifact_id = api.post("/api/artifacts", CONTENT).json["id"]

    answer = api.get(f"/api/artifacts/{artifact_id}/download")

    assert answer.status == 302
    assert f"t/acme/u/{artifact_id}" in answer.headers["Location"]
    assert api.plane.objects.get(f"t/acme/u/{artifact_id}") == CONTENT


def test_artifacts_are_listed_by_field(api: ApiPlay) -> None:
    for name in ("a.txt", "b.txt", "a.txt"):
        api.post("/api/artifacts", b"x", query={"name": name})
        api.clock.advance(1)

    answer = api.get("/api/artifacts", query={"name": "a.txt", "page_size": "1"}).json

    assert (answer["total_records"], answer["total_pages"]) == (2, 2)
    assert answer["records"][0]["name"] == "a.txt"


@pytest.mark.parametrize(
    ("body", "query", "status"),
    [
        (b"", {}, 400),
        (b"x", {"name": "n" * 300}, 400),
        (b"x", {"name": "a\nb"}, 400),
        (b"x" * (4 * 1024 * 1024 + 1), {}, 413),
    ],
)
def test_a_bad_upload_stores_nothing(
    api: ApiPlay, body: bytes, query: dict[str, str], status: int
) -> None:
    assert api.post("/api/artifacts", body, query=query).status == status
    assert api.get("/api/artifacts").json["total_records"] == 0


@pytest.mark.parametrize(
    "content_type", ["evil\u00e9; <script>", "application/x-www-form-urlencoded", ""]
)
def test_content_of_no_sensible_type_is_bytes(api: ApiPlay, content_type: str) -> None:
    answer = api.post("/api/artifacts", b"x", headers={"content-type": content_type})

    assert answer.json["content_type"] == "application/octet-stream"


def test_an_expired_artifact_is_gone(api: ApiPlay) -> None:
    artifact = Artifact(id="A", name="a", key="t/acme/x", expires_at=api.clock.now())
    api.plane.runs.put_artifact("acme", artifact)

    assert api.get("/api/artifacts/A").status == 404
    assert api.get("/api/artifacts/A/download").status == 404
