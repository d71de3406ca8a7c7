"""Up, down and status of one local system."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from formicary.entrypoints.local.control_plane import ControlPlane
from formicary.entrypoints.local.deployment import deploy
from formicary.entrypoints.local.embedded_aws import EmbeddedAws
from formicary.entrypoints.local.errors import LocalError
from formicary.entrypoints.local.home import Home
from formicary.entrypoints.local.local_ant import ANT_ID, LocalAnt, ant_daemon, stop_ant
from formicary.entrypoints.local.progress import Progress
from formicary.entrypoints.local.tokens import ensure_tokens, write_private
from formicary.entrypoints.local.warm_up import start_engines

if TYPE_CHECKING:
    from formicary.entrypoints.local.settings import LocalSettings


def up(settings: LocalSettings) -> None:
    """Start what does not run, deploy what changed, and return when a job can be submitted."""
    progress = Progress()
    aws = _embedded_aws(settings)
    aws.home.prepare()
    with aws.home.locked():
        started = aws.start()
        progress.tell(f"embedded AWS {'started' if started else 'runs'} at {aws.endpoint}")
        deployed = deploy(aws, progress)
        progress.tell(f"stacks {'deployed' if deployed.changed else 'are as they were'}")
        tokens = ensure_tokens(aws, deployed)
        url = deployed.url(aws)
        _write_env(aws, url=url, token=tokens.admin, socket_url=deployed.socket_url(aws))
        control_plane = ControlPlane(url=url, token=tokens.admin)
        ant = LocalAnt(
            home=aws.home,
            client_environment=aws.client_environment(),
            url=url,
            token=tokens.ant,
        )
        control_plane.wait_healthy()
        progress.tell("control plane answers")
        since = datetime.now(UTC).isoformat()
        # Not before: its calls beside ours would have a second function of each kind started.
        fresh_ant = bool(settings.local_ants) and ant.start()
        control_plane.count_ants()  # starts the authorizer
        if fresh_ant:
            _await_ant(ant, control_plane, since)
            progress.tell(f"ant {ANT_ID} registered")
        if started or deployed.changed:
            start_engines(aws)
    _tell_next_steps(aws, url)


def down(settings: LocalSettings) -> None:
    """Stop ant and embedded AWS; the state stays for the next `up`."""
    progress = Progress()
    aws = _embedded_aws(settings)
    aws.home.prepare()
    with aws.home.locked():
        if ant_daemon(aws.home).pid() is not None:
            progress.tell("letting the ant finish")
            stop_ant(aws.home)
        if aws.daemon.pid() is None:
            progress.tell("nothing runs")
        elif aws.stop():
            progress.tell(f"stopped; the state is in {aws.home.folder}")
        else:
            progress.tell(
                "embedded AWS did not stop in time; its state is that of the last snapshot"
            )


def status(settings: LocalSettings) -> bool:
    """Print what runs; whether that is all of it."""
    aws = _embedded_aws(settings)
    ant = ant_daemon(aws.home)
    answers = aws.request("GET", "/_ministack/ready") == 200
    for name, daemon in (("embedded AWS", aws.daemon), ("ant", ant)):
        pid = daemon.pid()
        print(f"{name:13} {'not running' if pid is None else f'pid {pid}':14} {daemon.log_file}")
    print(f"{'port':13} {aws.port} {'answers' if answers else 'does not answer'}")
    return answers and aws.daemon.pid() is not None and ant.pid() is not None


def _embedded_aws(settings: LocalSettings) -> EmbeddedAws:
    return EmbeddedAws(
        home=Home(settings.home.absolute()),
        port=settings.port,
        snapshot_seconds=settings.snapshot_seconds,
    )


def _await_ant(ant: LocalAnt, control_plane: ControlPlane, since: str) -> None:
    def runs() -> bool:
        return ant.daemon.pid() is not None

    if not control_plane.ant_seen_since(ANT_ID, since, runs=runs):
        raise LocalError(f"the ant did not register:\n{ant.daemon.log_tail()}")


def _write_env(aws: EmbeddedAws, *, url: str, token: str, socket_url: str) -> None:
    values = {
        "FORMICARY_URL": url,
        "FORMICARY_SOCKET_URL": socket_url,
        "FORMICARY_TOKEN": token,
        **aws.client_environment(),
    }
    write_private(aws.home.env_file, "".join(f"{name}={value}\n" for name, value in values.items()))


def _tell_next_steps(aws: EmbeddedAws, url: str) -> None:
    print(f"Formicary is up: {url}")
    print(f"  variables of this system:  set -a; . {aws.home.env_file}; set +a")
    print("  define and run a job:      .venv/bin/formicary job push FILE, job run TYPE --wait")
    print("  a ready example:           make demo")
    print("  stop, keeping all state:   make down")
