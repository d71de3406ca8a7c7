"""An executor that comes in a package of its own: one file, one entry point."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ant_agent.executors import (
    ExecutorHost,
    ExecutorUnavailableError,
    executors_for,
    installed_methods,
)
from ant_agent.process_manager import ProcessManager
from ant_agent.settings import Settings
from formicary.domain.states import RequestState, TaskMethod
from tests.integration.ant.workbench import Workbench
from tests.integration.ant.world import task

_SAMPLE = """
from ant_agent.executors.base import ExecutorResult


class ReverseExecutor:
    on_host = True

    def __init__(self, host):
        self._word = host.settings.id

    def check(self):
        pass

    def open(self, task):
        return ReverseSession(task, self._word)

    def reap(self):
        pass

    def close(self):
        pass


class ReverseSession:
    def __init__(self, task, word):
        self._task, self._word = task, word

    def run_scripts(self):
        for line in self._task.request.script:
            self._task.output.say(f"{self._word}: {line[::-1]}")
        (self._task.working_dir / "out.txt").write_text("made")
        return ExecutorResult(succeeded=True, exit_code="0")

    def run_after_script(self):
        return ["after_script means nothing here"]

    def fetch(self, patterns):
        return []

    def close(self):
        self._task.output.say("closed")
"""


@pytest.fixture
def sample_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A distribution as pip would unpack it."""
    site = tmp_path / "site-packages"
    info = site / "reverse_ant-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "reverse_ant.py").write_text(_SAMPLE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: reverse-ant\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[formicary.executors]\n"
        "CUSTOM_REVERSE = reverse_ant:ReverseExecutor\n"
        "CUSTOM_BROKEN = reverse_ant:Missing\n"
        "SHELL = reverse_ant:ReverseExecutor\n"
    )
    monkeypatch.syspath_prepend(site)
    yield site
    sys.modules.pop("reverse_ant", None)


@pytest.mark.usefixtures("sample_package")
def test_an_executor_of_another_package_carries_out_its_method(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    bench = Workbench(tmp_path / "tasks", id="mirror", methods="CUSTOM_REVERSE")
    options = {"method": "CUSTOM_REVERSE", "artifacts": {"paths": ["out.txt"]}}

    outcome = bench.run(task("abc", options=options, after_script=["x"]))

    assert outcome.status() is RequestState.COMPLETED
    assert outcome.log.inline == "mirror: cba\nclosed\n"
    assert outcome.warnings == ["after_script means nothing here"]
    assert [artifact.name for artifact in outcome.artifacts] == ["out.txt"]


@pytest.mark.usefixtures("sample_package")
def test_a_package_of_the_users_goes_before_what_comes_with_the_ant() -> None:
    found = executors_for([TaskMethod.SHELL, TaskMethod("CUSTOM_REVERSE")], _host())

    assert {type(executor).__name__ for executor in found.values()} == {"ReverseExecutor"}
    assert len(set(map(id, found.values()))) == 1


@pytest.mark.usefixtures("sample_package")
def test_an_executor_that_cannot_be_loaded_is_named() -> None:
    with pytest.raises(ExecutorUnavailableError, match="CUSTOM_BROKEN cannot be loaded"):
        executors_for([TaskMethod("CUSTOM_BROKEN")], _host())


def test_a_method_that_nobody_installed_is_refused_with_those_that_are() -> None:
    with pytest.raises(ExecutorUnavailableError, match=r"for CUSTOM_X: .*HTTP_GET.*SHELL"):
        executors_for([TaskMethod("CUSTOM_X")], _host())


def test_the_built_in_ones_are_found_the_same_way() -> None:
    assert {"SHELL", "HTTP_GET", "HTTP_DELETE"} <= set(installed_methods())


def _host() -> ExecutorHost:
    settings = Settings(url="http://nowhere", token="t", id="mirror")
    return ExecutorHost(settings, ProcessManager(grace_seconds=0.1))
