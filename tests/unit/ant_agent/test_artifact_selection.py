"""A glob that matches very many files: what it costs does not grow with them."""

import os
import tracemalloc
from pathlib import Path

import pytest

from ant_agent.artifact_selection import MAX_ARTIFACTS, select

MANY = 20_000
PATTERNS = ("many/*", "**", "m*/**/f*")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with very many files: names of one file, which are quickly made."""
    root = tmp_path_factory.mktemp("work")
    many = root / "many"
    many.mkdir()
    first = many / "f-0"
    first.touch()
    for number in range(1, MANY):
        # A file has at most some 65,000 names.
        os.link(first, many / f"f-{number}")
    return root


@pytest.mark.parametrize("pattern", PATTERNS)
def test_it_is_given_up_at_the_first_match_too_many(folder: Path, pattern: str) -> None:
    looked_at = 0

    def count() -> None:
        nonlocal looked_at
        looked_at += 1

    found = select(folder, [pattern], count)

    assert found.selected == []
    assert f"at most {MAX_ARTIFACTS} artifacts" in found.faults[0]
    # The folder itself besides, once for each way to it.
    assert looked_at <= MAX_ARTIFACTS + 10


def test_it_takes_no_memory_for_what_is_not_kept(folder: Path) -> None:
    tracemalloc.start()
    try:
        select(folder, ["**"], lambda: None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    # 20,000 paths take some 10 MB.
    assert peak < 2 * 2**20


def test_a_match_among_very_many_others_is_found(folder: Path) -> None:
    found = select(folder, ["many/f-1999?"], lambda: None)

    assert (len(found.selected), found.faults) == (10, [])


def test_a_cancel_ends_the_search(folder: Path) -> None:
    class StoppedError(Exception):
        pass

    looked_at = 0

    def check() -> None:
        nonlocal looked_at
        looked_at += 1
        if looked_at > 7:
            raise StoppedError

    with pytest.raises(StoppedError):
        select(folder, ["**/nothing"], check)
