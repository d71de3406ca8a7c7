"""The demo: one real job on a real ant, and what became of it; the system stays up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formicary.adapters.http.control_plane_client import ControlPlaneClient
from formicary.domain.errors import FormicaryError
from formicary.domain.states import RequestState
from formicary.entrypoints.cli.connection import find_connection
from formicary.entrypoints.cli.follow import LogTail, ProgressReport, RunWatcher, WaitTimedOutError
from formicary.entrypoints.cli.output import elapsed, show
from formicary.entrypoints.cli.problem_text import fault_text, problem_text
from formicary.entrypoints.cli.run_view import artifacts_of, declared_tasks, execution_of, graph_of
from formicary.entrypoints.local.errors import LocalError
from formicary.entrypoints.local.home import CHECKOUT
from formicary.entrypoints.local.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from formicary.entrypoints.local.settings import LocalSettings

_EXAMPLES = CHECKOUT / "examples"
_JOB = "word-statistics"
_REPORT = "report.txt"
_PATIENCE_SECONDS = 180.0
_LOG_LINES = 8


def main(settings: LocalSettings) -> int:
    """Run the demo on the local system, which is up; 0 only if the job has completed."""
    connection = find_connection(None, None, str(settings.home.absolute()))
    with ControlPlaneClient(connection.url, connection.token) as client:
        try:
            run = _run_job(client, Progress())
            _show_outcome(client, run)
        except FormicaryError as error:
            raise LocalError(problem_text(error)) from error
    _tell_where_to_look(settings, connection.url, str(run["id"]))
    return 0 if run["job_state"] == RequestState.COMPLETED else 1


def _run_job(client: ControlPlaneClient, progress: Progress) -> Mapping[str, Any]:
    files = sorted(_EXAMPLES.glob("*.yaml"))
    for file in files:
        _push(client, file.name)
    progress.tell(f"{len(files)} jobs of examples/ are defined")
    params = {"InputDir": str(_EXAMPLES / "data")}
    submitted = client.submit({"job_type": _JOB, "params": params})
    progress.tell(f"run {submitted['id']} of {_JOB}")
    watcher = RunWatcher(client, submitted["id"], _PATIENCE_SECONDS, warn=progress.tell)
    report = ProgressReport(progress.tell)
    run: Mapping[str, Any] = submitted
    try:
        for run in watcher.views():
            report.update(run)
    except WaitTimedOutError:
        progress.tell(f"not finished after {_PATIENCE_SECONDS:g} s; this is how it stands")
    return run


def _push(client: ControlPlaneClient, name: str) -> None:
    text = (_EXAMPLES / name).read_bytes()
    try:
        client.save_definition(text)
    except FormicaryError as error:
        faults = [
            fault_text(f, f"examples/{name}", text.decode()) for f in getattr(error, "faults", ())
        ]
        raise LocalError("\n".join([f"examples/{name}: {error.message}", *faults])) from error


def _show_outcome(client: ControlPlaneClient, run: Mapping[str, Any]) -> None:
    took = elapsed(execution_of(run))
    _heading(f"{run['job_type']} is {run['job_state']} after {took}")
    show(graph_of(run, declared_tasks(client, run)))
    _heading("The end of its log")
    written = bytearray()
    LogTail(client, written.extend).update(run)
    print("\n".join(written.decode(errors="replace").rstrip().splitlines()[-_LOG_LINES:]))
    for artifact in artifacts_of(run):
        if artifact.get("name") == _REPORT:
            _heading(f"Its artifact {_REPORT}")
            with client.download_artifact(str(artifact["id"])) as pieces:
                print(b"".join(pieces).decode(errors="replace").rstrip())


def _heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


def _tell_where_to_look(settings: LocalSettings, url: str, run_id: str) -> None:
    command = ".venv/bin/formicary"
    _heading("Where to look next")
    for line in (
        f"the job          examples/{_JOB}.yaml",
        f"this run         {command} run show {run_id}",
        f"a task's log     {command} run logs {run_id} merge",
        f"all its files    {command} artifact list --run {run_id}",
        f"the ants         {command} ant list",
        f"run it yourself  {command} job run {_JOB} -p InputDir=FOLDER --wait",
        f"over REST        {url}/api/jobs/requests/{run_id}",
        f"its token        FORMICARY_TOKEN in {settings.home}/env",
        "stop it all      make down",
    ):
        print(f"   {line}")
