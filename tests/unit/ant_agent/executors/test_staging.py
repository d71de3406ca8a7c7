"""Files on their way into a container and out of it."""

import io
import tarfile
from pathlib import Path, PurePosixPath

import pytest

from ant_agent.executors.containers import staging


def test_what_is_put_in_can_be_used_by_whoever_runs_there(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir(mode=0o700)
    (tmp_path / "deep" / "tool").write_text("x")
    (tmp_path / "deep" / "tool").chmod(0o700)
    out = io.BytesIO()

    staging.write_tar(
        out,
        texts={PurePosixPath("/formicary/ctl/a"): "text"},
        open_folders=(PurePosixPath("/formicary/work"),),
        tree=(tmp_path, PurePosixPath("/formicary/work")),
    )

    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        found = {member.name: (member.uid, oct(member.mode)) for member in tar}
    assert found == {
        "formicary/work": (0, "0o777"),
        "formicary/ctl/a": (0, "0o755"),
        "formicary/work/deep": (0, "0o777"),
        "formicary/work/deep/tool": (0, "0o766"),
    }


@pytest.mark.parametrize(
    ("patterns", "roots"),
    [
        (["out"], ["out"]),
        (["out", "out/sub/a"], ["out"]),
        (["a/b/*.txt", "a/c"], ["a/b", "a/c"]),
        (["*.txt", "out"], ["."]),
        (["/etc/passwd", "../up"], []),
    ],
)
def test_the_fewest_paths_are_copied(patterns: list[str], roots: list[str]) -> None:
    assert [str(path) for path in staging.roots(patterns)] == roots


@pytest.mark.parametrize(
    ("path", "pattern", "named"),
    [
        ("out/a/b", "out", True),
        ("outer", "out", False),
        ("a.txt", "*.txt", True),
        ("deep/a.txt", "*.txt", False),
        ("deep/er/a.txt", "**/*.txt", True),
        ("deep/er/a.txt", "deep/**", True),
        ("x/y/z", "x/*", True),
        ("x", "x/*", False),
    ],
)
def test_only_what_a_pattern_names_is_unpacked(path: str, pattern: str, named: bool) -> None:
    assert staging.wanted(PurePosixPath(path), [pattern]) is named


def test_members_that_lead_out_are_left_out_with_a_warning(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, link in (("out/good", ""), ("out/../../evil", ""), ("out/link", "/etc/passwd")):
            member = tarfile.TarInfo(name)
            if link:
                member.type, member.linkname = tarfile.SYMTYPE, link
            tar.addfile(member, io.BytesIO())
    blocks = iter([archive.getvalue()[:700], archive.getvalue()[700:]])

    warnings = staging.unpack(staging.BlockReader(blocks), tmp_path, PurePosixPath(), ["out"])

    assert [file.name for file in (tmp_path / "out").iterdir()] == ["good"]
    assert len(warnings) == 2
    assert not (tmp_path.parent / "evil").exists()
