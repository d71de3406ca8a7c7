"""`ant`: what an idle ant takes, method by method, and how fast it uploads a large artifact."""

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ant_agent.executors import ExecutorHost, ExecutorUnavailableError, executors_for
from ant_agent.process_manager import ProcessManager
from ant_agent.settings import Settings
from formicary.domain.states import TaskMethod
from tests.bench.local_system import BenchError
from tests.bench.process_usage import is_available, usage_of
from tests.bench.report import median_of, note, result
from tests.integration.ant.embedded_aws import EmbeddedAws
from tests.integration.ant.world import World, eventually, task

BENCH = "ant"
_MIB = 2**20
_HEARTBEAT_SECONDS = 5.0
_IMAGE = "alpine:latest"
_SETS = (
    (TaskMethod.SHELL,),
    (TaskMethod.SHELL, TaskMethod.DOCKER),
    (TaskMethod.SHELL, TaskMethod.KUBERNETES),
    (TaskMethod.SHELL, TaskMethod.DOCKER, TaskMethod.KUBERNETES),
)
# Everything but the names as an ant has it by default: how often it polls costs processor time.
_START = """
import sys
from pathlib import Path
from ant_agent import Settings, main
url, work, methods = sys.argv[1:]
sys.exit(main(Settings(url=url, token="secret-token", id="idle", work_dir=Path(work),
    methods=methods)))
"""


# In a process of its own, which takes the embedded AWS from its environment as an ant does.
_UPLOAD = """
import json, sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
import boto3
from ant_agent.artifact_selection import Selected
from ant_agent.artifact_transfer import ArtifactTransfer
from ant_agent.aws_access import AwsAccess
from ant_agent.object_store import S3ObjectStore
from formicary.domain.ant import AwsCredentials
from tests.integration.ant.world import task

path, bucket, runs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
access = AwsAccess(16)
lent = AwsCredentials(access_key_id="test", secret_access_key="test", session_token="",
    expires_at=datetime.now(UTC) + timedelta(hours=1))
access.adopt("us-east-1", lent, lambda: lent)
transfer = ArtifactTransfer(S3ObjectStore(access, lambda: bucket))
plain = boto3.client("s3")

def by_the_ant():
    made, _ = transfer.store(Selected(path, path.name, 1), task("true"), path.parent,
        lambda: None, lambda _: None)
    return made.key

def by_boto3():
    plain.upload_file(str(path), bucket, "plain")
    return "plain"

taken = {"the ant": [], "plain boto3": []}
for _ in range(runs):
    for who, upload in (("plain boto3", by_boto3), ("the ant", by_the_ant)):
        begun = time.perf_counter()
        key = upload()
        taken[who].append(time.perf_counter() - begun)
        size = plain.head_object(Bucket=bucket, Key=key)["ContentLength"]
        assert size == path.stat().st_size
        plain.delete_object(Bucket=bucket, Key=key)
print(json.dumps(taken))
"""


def run(
    *, settle_seconds: float = 15, window_seconds: float = 60, mib: int = 256, runs: int = 3
) -> None:
    """Print memory and processor use of idle ants, then the throughput of an artifact."""
    with tempfile.TemporaryDirectory() as folder:
        aws = EmbeddedAws(Path(folder))
        aws.start()
        try:
            for methods in _usable_sets():
                _idle(aws, Path(folder), methods, settle_seconds, window_seconds)
            _throughput(aws, Path(folder), mib, runs)
        finally:
            aws.stop()


def _usable_sets() -> Iterator[tuple[TaskMethod, ...]]:
    if not is_available():
        note(f"{BENCH}: no /proc here, so memory and processor use are not measured")
        return
    usable = {method for method in _SETS[-1] if _is_usable(method)}
    for methods in _SETS:
        if usable.issuperset(methods):
            yield methods


def _is_usable(method: TaskMethod) -> bool:
    host = ExecutorHost(
        Settings(url="http://nowhere", token="t"), ProcessManager(grace_seconds=0.0)
    )
    try:
        (executor,) = executors_for([method], host).values()
        executor.check()
        executor.close()
    except ExecutorUnavailableError as error:
        note(f"{BENCH}: idle with {method} left out: {error}")
        return False
    return True


def _idle(
    aws: EmbeddedAws,
    folder: Path,
    methods: tuple[TaskMethod, ...],
    settle_seconds: float,
    window_seconds: float,
) -> None:
    names = "+".join(methods)
    with _ant(aws, folder, methods) as (world, pid):
        time.sleep(settle_seconds)
        before = usage_of([pid])
        time.sleep(window_seconds)
        after = usage_of([pid])
        used = 100 * (after.processor_seconds - before.processor_seconds) / window_seconds
        result(BENCH, f"idle memory (RSS), {names}", after.rss_mb, "MB")
        result(BENCH, f"idle processor use, {names}", used, "% of a core")
        container = {} if methods[-1] is TaskMethod.SHELL else {"container": {"image": _IMAGE}}
        queue = world.control_plane.queues[f"{methods[-1]}|"]
        message = task("true", options={"method": methods[-1], **container})
        response = world.outcome(world.send(message, queue), seconds=90)
        if response.error_code:
            raise BenchError(f"a task by {methods[-1]} failed: {response.error_message}")
        time.sleep(2)
        rss = usage_of([pid]).rss_mb
        result(BENCH, f"memory after a task by {methods[-1]} (RSS), {names}", rss, "MB")


@contextmanager
def _ant(
    aws: EmbeddedAws, folder: Path, methods: tuple[TaskMethod, ...]
) -> Iterator[tuple[World, int]]:
    """Start an ant in a process of its own, registered and polling."""
    work = Path(tempfile.mkdtemp(dir=folder))
    world = World(aws, work)
    world.control_plane.heartbeat_seconds = _HEARTBEAT_SECONDS
    world.control_plane.queues = {
        f"{method}|": world.make_queue(f"{work.name.lower().replace('_', '-')}-{method.lower()}")
        for method in methods
    }
    arguments = [world.control_plane.url, str(work), ",".join(methods)]
    log = (work / "ant.log").open("wb")
    process = subprocess.Popen(
        [*_with_endpoint(aws), sys.executable, "-c", _START, *arguments], stderr=log
    )
    try:
        eventually(lambda: world.control_plane.registered, 60)
        yield world, process.pid
    finally:
        process.terminate()
        process.wait(30)
        log.close()
        world.close()


def _throughput(aws: EmbeddedAws, folder: Path, mib: int, runs: int) -> None:
    """Upload one file as the ant does and as plain boto3 does, in turns, to the same store."""
    world = World(aws, folder)
    path = folder / "large.bin"
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(random.randbytes(_MIB))
    arguments = [str(path), world.bucket, str(runs)]
    try:
        done = subprocess.run(
            [*_with_endpoint(aws), sys.executable, "-c", _UPLOAD, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.unlink()
        world.close()
    if done.returncode:
        raise BenchError(f"the upload failed: {done.stderr[-1000:]}")
    rates = {who: [mib / one for one in taken] for who, taken in json.loads(done.stdout).items()}
    for who, values in rates.items():
        median_of(BENCH, f"upload of {mib} MiB by {who}", values, "MiB/s")
    share = statistics.median(rates["the ant"]) / statistics.median(rates["plain boto3"])
    result(BENCH, "throughput of the ant against plain boto3", 100 * share, "%")


def _with_endpoint(aws: EmbeddedAws) -> list[str]:
    """Return the beginning of a command whose AWS is the embedded one."""
    keys = ("AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1")
    return ["env", f"AWS_ENDPOINT_URL={aws.url}", *keys]
