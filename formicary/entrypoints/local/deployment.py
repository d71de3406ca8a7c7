"""Brings the product's stacks into the embedded AWS, when they are not there as they are now."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formicary.entrypoints.local.embedded_aws import ACCOUNT, REGION, EmbeddedAws
from formicary.entrypoints.local.errors import LocalError
from formicary.entrypoints.local.fingerprint import fingerprint
from formicary.entrypoints.local.home import CHECKOUT, Home
from formicary.entrypoints.local.settings import shell_environment

if TYPE_CHECKING:
    from formicary.entrypoints.local.progress import Progress

STAGE = "local"
MAIL_FROM = "formicary@example.org"
# Kept in the state itself, so that it goes back with the stacks when a crash goes back.
_MARK = "/formicary/local/deployment"
_BOOTSTRAP_MARK = "/cdk-bootstrap/hnb659fds/version"
DEPLOYED_SOURCES = (
    "app.py",
    "cdk.json",
    "uv.lock",
    "package-lock.json",
    "stacks",
    "statemachines",
    "lambdas",
    "formicary",
    "ant_agent",
)
_NOT_DEPLOYED = frozenset({"cli", "local"})  # as in the bundle


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What a client or an ant must know of the stacks."""

    api_id: str
    socket_api_id: str
    table_name: str
    changed: bool

    def url(self, aws: EmbeddedAws) -> str:
        """The address of the REST API: no name to resolve and nothing to quote in a shell."""
        return f"{aws.endpoint}/_aws/execute-api/{self.api_id}"

    def socket_url(self, aws: EmbeddedAws) -> str:
        """The address of the websocket API; a client adds `?token=`."""
        base = aws.endpoint.replace("http", "ws", 1)
        return f"{base}/_aws/execute-api/{self.socket_api_id}/ws"


def deploy(aws: EmbeddedAws, progress: Progress) -> Deployed:
    """Deploy what changed; the second time that is nothing."""
    parameters = aws.client("ssm")
    context = _context()
    wanted = fingerprint(
        [CHECKOUT / name for name in DEPLOYED_SOURCES],
        extra=" ".join([sys.version, *context]),
        without=_NOT_DEPLOYED,
    )
    mark = json.loads(_read(parameters, _MARK) or "{}")
    if mark.get("fingerprint") == wanted:
        return _deployed(mark["outputs"], changed=False)

    tools = _Cdk(aws)
    running = [tools.start("synth", "--quiet", *context, "--output", str(aws.home.assembly))]
    if _read(parameters, _BOOTSTRAP_MARK) is None:
        progress.tell("preparing the embedded account and synthesising the stacks (about 15 s)")
        running.append(tools.start_bootstrap())
    else:
        progress.tell("synthesising the stacks (about 8 s)")
    for step in running:
        step.finish()
    progress.tell("deploying the stacks")
    outputs = tools.deploy()
    aws.client("sesv2").create_email_identity(EmailIdentity=MAIL_FROM)
    value = json.dumps({"fingerprint": wanted, "outputs": outputs})
    parameters.put_parameter(Name=_MARK, Value=value, Type="String", Overwrite=True)
    aws.save_now()
    return _deployed(outputs, changed=True)


@dataclass(frozen=True)
class _Step:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def finish(self) -> None:
        if self.process.wait():
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])
            raise LocalError(f"cdk {self.name} failed (all of it: {self.log}):\n{tail}")


@dataclass(frozen=True)
class _Cdk:
    aws: EmbeddedAws

    def start_bootstrap(self) -> _Step:
        # Where no cdk.json is, since a cdk that finds an app synthesises it, here a second time.
        quiet = ("--no-notices", "--no-version-reporting")
        return self.start("bootstrap", f"aws://{ACCOUNT}/{REGION}", *quiet, folder=self.home.folder)

    def start(self, command: str, *arguments: str, folder: Path = CHECKOUT) -> _Step:
        log = self.home.log(f"cdk-{command}")
        tool = [str(_BIN / "node"), str(CHECKOUT / "node_modules/aws-cdk/bin/cdk")]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*tool, command, *arguments],
                cwd=folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return _Step(command, process, log)

    def deploy(self) -> dict[str, Any]:
        outputs = self.home.folder / "outputs.json"
        arguments = ("--app", str(self.home.assembly), "--all", "--require-approval", "never")
        # Without change sets: nobody reviews them here, and cdk looks at each every few seconds.
        written = ("--outputs-file", str(outputs), "--progress", "events", "--method", "direct")
        self.start("deploy", *arguments, *written).finish()
        by_stack: dict[str, dict[str, Any]] = json.loads(outputs.read_text())
        return {name: value for stack in by_stack.values() for name, value in stack.items()}

    @property
    def home(self) -> Home:
        return self.aws.home

    def _environment(self) -> dict[str, str]:
        shell = shell_environment()
        return {
            **shell,
            **self.aws.client_environment(),
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "PATH": f"{_BIN}:{shell.get('PATH', '/usr/bin:/bin')}",
        }


_BIN = CHECKOUT / ".venv" / "bin"


def _context() -> list[str]:
    choices = {
        "stage": STAGE,
        "bundle-for": "host",
        # Nothing leaves this machine: what is sent lies in the embedded AWS, or at a local server.
        "mail-from": MAIL_FROM,
        "private-webhooks": "true",
        # Each concurrent call is a process here, and its start is a second of a core.
        "engine-max-concurrency": str(max(2, os.cpu_count() or 2)),
    }
    return [word for key, value in choices.items() for word in ("-c", f"formicary:{key}={value}")]


def _read(parameters: Any, name: str) -> str | None:
    try:
        return str(parameters.get_parameter(Name=name)["Parameter"]["Value"])
    except parameters.exceptions.ParameterNotFound:
        return None


def _deployed(outputs: dict[str, Any], *, changed: bool) -> Deployed:
    return Deployed(
        api_id=outputs["ApiId"],
        socket_api_id=outputs["SocketApiId"],
        table_name=outputs["TableName"],
        changed=changed,
    )
