"""Artifacts out and dependencies in, through a store."""

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from formicary.domain.states import RequestState
from tests.integration.ant.workbench import Workbench
from tests.integration.ant.world import task


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def keeping(*paths: str, **config: Any) -> dict[str, Any]:
    return {"artifacts": {"paths": list(paths), **config}}


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def member(name: str, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def test_files_folders_and_globs_become_artifacts_in_order(bench: Workbench) -> None:
    message = task(
        "echo 1 > a.txt; echo 2 > 'b c.json'; mkdir -p out/sub; echo 3 > out/sub/x; echo 4 > z.txt",
        options=keeping("out", "*.txt", "b c.json", expires_after_seconds=3600),
    )

    outcome = bench.run(message)

    assert outcome.warnings == []
    told = [(a.artifact_order, a.name, a.path, a.content_type) for a in outcome.artifacts]
    assert told == [
        (1, "out.tar.gz", "out", "application/gzip"),
        (2, "a.txt", "a.txt", "text/plain"),
        (4, "z.txt", "z.txt", "text/plain"),
        (3, "b c.json", "b c.json", "application/json"),
    ]
    text = outcome.artifacts[1]
    assert bench.objects.objects[text.key] == b"1\n"
    assert (text.sha256, text.content_length) == (hashlib.sha256(b"1\n").hexdigest(), 2)
    assert text.key == f"{message.object_prefix}artifacts/2/a.txt"
    assert outcome.artifacts[3].key.endswith("artifacts/3/b%20c.json")
    assert text.expires_at is not None
    assert text.created_at is not None
    assert (text.expires_at - text.created_at).total_seconds() == 3600


def test_a_folder_and_a_file_travel_from_task_to_task(bench: Workbench) -> None:
    first = bench.run(
        task(
            "mkdir -p data/deep empty; echo hi > data/deep/f; chmod +x data/deep/f",
            "ln -s deep/f data/link; ln data/deep/f data/twin; echo one > one.txt; mv empty data",
            options=keeping("data", "one.txt"),
        )
    )

    second = bench.run(
        task(
            "cat data/link data/twin one.txt; test -x data/deep/f && test -L data/link",
            "test -d data/empty",
            dependencies=first.artifacts,
        )
    )

    assert second.log.inline == "hi\nhi\none\n"
    assert second.status() is RequestState.COMPLETED


@pytest.mark.parametrize(
    ("when", "script", "kept"),
    [
        ("onSuccess", "exit 0", 1),
        ("onSuccess", "exit 1", 0),
        ("onFailure", "exit 0", 0),
        ("onFailure", "exit 1", 1),
        ("always", "exit 1", 1),
        ("always", "exit 0", 1),
        ("onFailure", "sleep 30", 1),
    ],
)
def test_when_decides_what_is_kept(bench: Workbench, when: str, script: str, kept: int) -> None:
    options = keeping("f", when=when)

    outcome = bench.run(task("echo x > f", script, options=options, timeout=2))

    assert len(outcome.artifacts) == kept


def test_a_declared_path_that_is_missing_is_a_warning(bench: Workbench) -> None:
    outcome = bench.run(task("true", options=keeping("gone.txt", "*.none")))

    assert outcome.status() is RequestState.COMPLETED
    assert outcome.warnings == [
        "artifact path 'gone.txt' matches nothing",
        "artifact path '*.none' matches nothing",
    ]


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "link", "link/passwd", "a/../../x"])
def test_a_path_that_leads_out_of_the_working_directory_fails_the_task(
    bench: Workbench, path: str
) -> None:
    outcome = bench.run(task("echo x > ../x; ln -s /etc link", options=keeping(path)))

    assert outcome.artifacts == []
    assert outcome.status() is RequestState.FAILED
    assert outcome.result.error_code == "ERR_ARTIFACT_UPLOAD"
    assert repr(path) in outcome.result.error_message
    assert "out of the working directory" in outcome.result.error_message


def test_links_out_that_a_glob_matches_are_left_out(bench: Workbench) -> None:
    outcome = bench.run(task("echo x > a; ln -s /etc/passwd b", options=keeping("*")))

    assert [artifact.path for artifact in outcome.artifacts] == ["a"]
    assert outcome.warnings == [
        "artifact path '*' matches links out of the working directory: left out"
    ]


def test_a_glob_that_matches_too_many_files_fails_the_task_and_other_paths_are_kept(
    bench: Workbench,
) -> None:
    script = "echo x > report; i=0; while [ $i -le 500 ]; do : > $i.tmp; i=$((i+1)); done"

    outcome = bench.run(task(script, options=keeping("report", "*.tmp")))

    assert [artifact.path for artifact in outcome.artifacts] == ["report"]
    assert outcome.result.error_code == "ERR_ARTIFACT_UPLOAD"
    assert "name a folder" in outcome.result.error_message


def test_a_glob_of_any_depth_keeps_files(bench: Workbench) -> None:
    script = "mkdir -p a/b .hidden; touch a/1.txt a/b/2.txt a/b/no .hidden/3.txt; ln -s . a/loop"

    outcome = bench.run(task(script, options=keeping("**/*.txt", "a/**")))

    assert [artifact.path for artifact in outcome.artifacts] == [
        "a/1.txt",
        "a/b/2.txt",
        "a/1.txt",
        "a/b/2.txt",
        "a/b/no",
        "a/loop",
    ]


def test_a_link_in_a_folder_that_leads_out_is_left_out(bench: Workbench) -> None:
    outcome = bench.run(
        task("mkdir d; ln -s /etc/passwd d/bad; echo x > d/good; mkfifo d/p", options=keeping("d"))
    )

    content = bench.objects.objects[outcome.artifacts[0].key]
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert tar.getnames() == ["good"]
    assert len(outcome.warnings) == 2


def test_a_missing_dependency_fails_the_task_before_it_starts(bench: Workbench) -> None:
    there = bench.artifact("a.txt", b"x")
    gone = there.model_copy(update={"key": "no/such", "name": "gone.txt"})

    outcome = bench.run(task("echo started", dependencies=[gone], after_script=["echo after"]))

    assert outcome.result.error_code == "ERR_ARTIFACT_MISSING"
    assert "gone.txt" in outcome.result.error_message
    assert outcome.log.inline == ""


def test_a_damaged_dependency_is_refused(bench: Workbench) -> None:
    damaged = bench.artifact("a.txt", b"x").model_copy(update={"sha256": "0" * 64})

    outcome = bench.run(task("echo started", dependencies=[damaged]))

    assert outcome.result.error_code == "ERR_ARTIFACT_MISSING"
    assert outcome.log.inline == ""


@pytest.mark.parametrize("path", ["../evil", "/tmp/evil-of-test", "a/../../evil"])
def test_a_dependency_with_a_path_that_leads_out_is_refused(bench: Workbench, path: str) -> None:
    bad = bench.artifact("a.txt", b"x").model_copy(update={"path": path})

    outcome = bench.run(task("echo started", dependencies=[bad]))

    assert outcome.result.error_code == "ERR_ARTIFACT_MISSING"
    assert not Path(path).exists()


@pytest.mark.parametrize(
    "members",
    [
        [(member("../evil"), b"x")],
        [(member("/tmp/evil-of-test"), b"x")],
        [(member("l", type=tarfile.SYMTYPE, linkname="/etc"), b"")],
        [(member("l", type=tarfile.SYMTYPE, linkname="../.."), b"")],
        [
            (member("in", type=tarfile.SYMTYPE, linkname="."), b""),
            (member("in/evil"), b"x"),
        ],
        [(member("h", type=tarfile.LNKTYPE, linkname="/etc/passwd"), b"")],
        [(member("pipe", type=tarfile.FIFOTYPE), b"")],
    ],
)
def test_an_archive_that_leads_out_is_refused(
    bench: Workbench, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    bad = bench.artifact("d", archive(*members), metadata={"archive": "tar.gz"})

    outcome = bench.run(task("echo started", dependencies=[bad]))

    assert outcome.result.error_code == "ERR_ARTIFACT_MISSING"
    assert outcome.log.inline == ""
    assert not list(bench.folder.rglob("evil"))


def test_uploads_are_tried_again_and_their_final_failure_fails_the_task(bench: Workbench) -> None:
    bench.objects.failures = 2
    twice = bench.run(task("echo x > f", options=keeping("f")))
    bench.objects.failures = 100
    never = bench.run(task("echo x > f", options=keeping("f")))

    assert len(twice.artifacts) == 1
    assert never.status() is RequestState.FAILED
    assert never.result.error_code == "ERR_ARTIFACT_UPLOAD"
