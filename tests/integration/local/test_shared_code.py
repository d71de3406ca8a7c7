"""Functions' code is unpacked once for each zip, whatever starts from it."""

from __future__ import annotations

import zipfile

import pytest

from formicary.entrypoints.local.emulator.shared_code import UnpackedCode


@pytest.fixture
def archive_of(tmp_path):
    def make(text: str) -> zipfile.ZipFile:
        path = tmp_path / f"{text}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("lambdas/handler.py", text)
        return zipfile.ZipFile(path)

    return make


def test_two_starts_of_one_code_share_its_files(tmp_path, archive_of):
    code = UnpackedCode(tmp_path / "code")

    for name in ("first", "second"):
        code.unpack(archive_of("one"), tmp_path / name)

    first, second = (tmp_path / name / "lambdas" / "handler.py" for name in ("first", "second"))
    assert first.read_text() == second.read_text() == "one"
    assert first.samefile(second)


def test_another_code_is_another_tree_and_old_ones_go(tmp_path, archive_of):
    code = UnpackedCode(tmp_path / "code")

    for number in range(5):
        code.unpack(archive_of(f"v{number}"), tmp_path / f"start-{number}")

    texts = [(tmp_path / f"start-{n}" / "lambdas" / "handler.py").read_text() for n in range(5)]
    assert texts == ["v0", "v1", "v2", "v3", "v4"]
    assert len(list((tmp_path / "code").iterdir())) == 3


def test_an_unpacking_that_was_interrupted_is_begun_again(tmp_path, archive_of):
    code = UnpackedCode(tmp_path / "code")
    code.unpack(archive_of("one"), tmp_path / "first")
    tree = next((tmp_path / "code").iterdir())
    tree.rename(tree.with_suffix(".new"))

    code.unpack(archive_of("one"), tmp_path / "second")

    assert (tmp_path / "second" / "lambdas" / "handler.py").read_text() == "one"
