"""What the service layer asks of the outside world; adapters/memory and adapters/aws answer alike.

Every method is scoped to one tenant. Writes are idempotent unless said otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from formicary.domain.ant import AntRegistration, AwsCredentials, QueueDirective, TaskInFlight
from formicary.domain.artifact import Artifact
from formicary.domain.config import Config, ConfigOwner
from formicary.domain.drawn_graph import DrawnGraph
from formicary.domain.error_rules import ErrorRule
from formicary.domain.gates import Applicant, Claim, Gate, Holding, TenantLimits
from formicary.domain.history import HistoryEntry, HistoryNote
from formicary.domain.job_resource import JobResource
from formicary.domain.job_run import JobRun
from formicary.domain.lifecycle_event import JobExecutionLifecycleEvent
from formicary.domain.messages import EventMessage
from formicary.domain.records import (
    DefinitionVersion,
    JobTypeRecord,
    Page,
    Principal,
    Reservation,
    TaskAttempt,
)
from formicary.domain.routing_key import RoutingKey
from formicary.domain.schedule import Schedule
from formicary.domain.socket_ant import SocketAnt, SocketTask
from formicary.domain.task_request import TaskMessage


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""


class IdGenerator(Protocol):
    """Ids and keys that nobody can guess."""

    def ulid(self) -> str:
        """Return a new ULID: 26 characters, sorted by time."""

    def key(self) -> str:
        """Return a new secret of at least 128 bits as text."""


class DefinitionRepository(Protocol):
    """Job types and their immutable versions."""

    def find_type(self, tenant: str, job_type: str) -> JobTypeRecord | None:
        """Return the job type, None when there is none."""

    def find_version(self, tenant: str, job_type: str, version: int) -> DefinitionVersion | None:
        """Return one version, None when there is none."""

    def save_version(
        self, version: DefinitionVersion, summary: Mapping[str, Any], expected_version: int
    ) -> JobTypeRecord:
        """Store a new version and put it in force, all or nothing.

        `expected_version` is the version in force before (0 for a new type);
        ConcurrentUpdateError when it is another one by now.
        """

    def change_type(
        self,
        tenant: str,
        job_type: str,
        *,
        disabled: bool | None = None,
        concurrency: int | None = None,
    ) -> JobTypeRecord:
        """Change what belongs to a type and to none of its versions; NotFoundError without one.

        ConcurrentUpdateError when somebody else saves it at the same moment.
        """

    def find_schedule(self, tenant: str, job_type: str) -> Schedule | None:
        """Return the schedule of a job type, None when it never had one."""

    def save_schedule(self, schedule: Schedule) -> Schedule:
        """Store a schedule if the stored revision is still its own; return it with revision + 1.

        ConcurrentUpdateError otherwise.
        """

    def publish(self, tenant: str, job_type: str) -> None:
        """Make the job type a public plugin of the tenant; ConflictError when it is another's."""

    def publisher(self, job_type: str) -> str | None:
        """Return the tenant whose public plugin the job type is."""

    def delete_type(self, tenant: str, job_type: str) -> None:
        """Forget the type; its versions stay for the runs that are pinned to them."""

    def list_types(
        self, tenant: str, *, offset: int, limit: int, token: str | None = None
    ) -> Page[JobTypeRecord]:
        """List the types by name."""


class RunRepository(Protocol):
    """Runs, the outcomes of their attempts, and their artifacts."""

    def create(self, run: JobRun) -> JobRun:
        """Store a new run with version 1.

        With a `user_key`: when an unfinished run of the tenant has that key already, store nothing
        and return that run. When the id exists already, return the stored run.
        """

    def reserve(self, tenant: str, key: str, wanted: Reservation) -> Reservation:
        """Reserve the id of a request for a submit that may be repeated under this key.

        Return what was reserved under it before, if that has not expired, else `wanted`.
        """

    def find(self, tenant: str, request_id: str) -> JobRun | None:
        """Return the run, read consistently; None when there is none."""

    def save(self, run: JobRun) -> JobRun:
        """Store the state if the stored version is still `run.version`; return it with version + 1.

        A run that has become terminal frees its `user_key`. ConcurrentUpdateError otherwise.
        """

    def archive_execution(self, run: JobRun) -> None:
        """Keep the current execution of `run` beside the one that will follow it."""

    def put_attempt(
        self,
        tenant: str,
        attempt: TaskAttempt,
        version: int = 0,
        carried: Sequence[HistoryEntry] = (),
    ) -> None:
        """Store the outcome of an attempt; a late one never overwrites one that was in time.

        `version` is the state of the run that it was decided on: ConcurrentUpdateError when one
        decided on a later state is there. `carried` are entries of the run's history.
        """

    def withdraw_attempt(self, tenant: str, attempt: TaskAttempt) -> None:
        """Remove an outcome that was in time, but whose state was never committed."""

    def attempts(
        self, tenant: str, request_id: str, execution_id: str, task_index: int | None = None
    ) -> Sequence[TaskAttempt]:
        """Return the outcomes of an execution (or of one task of it) by task, then by attempt."""

    def put_history(self, tenant: str, request_id: str, carried: Sequence[HistoryEntry]) -> None:
        """Store entries of a run's history by themselves."""

    def history(self, tenant: str, request_id: str) -> Sequence[HistoryEntry]:
        """Return the history of a run, all executions, by version; read consistently."""

    def put_note(self, tenant: str, request_id: str, note: HistoryNote) -> None:
        """Note what was refused; the same thing again replaces the note of it."""

    def notes(self, tenant: str, request_id: str) -> Sequence[HistoryNote]:
        """Return what was refused."""

    def archived(self, tenant: str, request_id: str) -> Sequence[JobRun]:
        """Return the earlier executions of a run, the first one first."""

    def list_runs(
        self,
        tenant: str,
        *,
        job_type: str | None = None,
        states: Iterable[str] = (),
        offset: int = 0,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[JobRun]:
        """List runs, the newest first. Only what lists show is filled in: no marks, no params."""

    def put_artifact(self, tenant: str, artifact: Artifact) -> None:
        """Store the metadata of an artifact."""

    def find_artifact(self, tenant: str, artifact_id: str) -> Artifact | None:
        """Return an artifact by id."""

    def artifacts_of_run(self, tenant: str, request_id: str) -> Sequence[Artifact]:
        """Return the artifacts of a run in the order of their ids."""

    def list_artifacts(
        self,
        tenant: str,
        *,
        filters: Mapping[str, str],
        offset: int = 0,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[Artifact]:
        """List artifacts, the newest first; `filters` compares fields for equality."""


class GateRepository(Protocol):
    """Counted limits, who holds their slots, and who waits in line. All reads are consistent."""

    def find(self, tenant: str, gate: str) -> Gate | None:
        """Return a gate as it stands, None when it was never limited."""

    def limit(self, tenant: str, gate: str, limit: int, *, only_new: bool = False) -> Gate:
        """Set how many slots a gate has; `only_new` leaves one that exists as it is.

        What is taken stays taken: a limit below that lets nobody pass until enough is given back.
        """

    def take(
        self, tenant: str, claims: Sequence[Claim], applicant: Applicant, *, waited: bool
    ) -> bool:
        """Take the slots of all claims, or none: False when one of the gates has too few.

        True also when they are the applicant's already; those of an earlier stint become those of
        this one. `waited` takes it out of the lines of these gates, too.
        ConcurrentUpdateError when others are at the same gates.
        """

    def held(self, tenant: str, gate: str, name: str) -> Holding | None:
        """Return the slots that an applicant of that name has of a gate, None for none."""

    def give_back(self, tenant: str, claims: Sequence[Claim], name: str, stint: int) -> bool:
        """Give back the slots of all claims; False when that stint holds none (any more)."""

    def wait(self, tenant: str, gate: str, applicant: Applicant) -> None:
        """Stand in line."""

    def stop_waiting(self, tenant: str, gate: str, rank: str, stint: int) -> None:
        """Leave the line, unless a later stint of that run stands there by now."""

    def line(self, tenant: str, gate: str, limit: int, *, before: str = "") -> Sequence[Applicant]:
        """Return the first in line, all of them or those before a rank."""

    def holders(self, tenant: str, gate: str, limit: int) -> Sequence[Applicant]:
        """Return some of those that hold slots, by the id of their run."""

    def put_resource(self, tenant: str, resource: JobResource) -> None:
        """Store a job resource; its quota is the limit of a gate, set apart from it."""

    def find_resource(self, tenant: str, resource_id: str) -> JobResource | None:
        """Return a job resource."""

    def list_resources(self, tenant: str) -> Sequence[JobResource]:
        """Return the job resources by id."""

    def delete_resource(self, tenant: str, resource_id: str) -> None:
        """Forget a job resource."""

    def tenant_limits(self, tenant: str) -> TenantLimits:
        """Return the limits of a tenant and its users."""

    def put_tenant_limits(self, tenant: str, limits: TenantLimits) -> None:
        """Store them."""


class AntRepository(Protocol):
    """Ants, the queues that exist, and cancel wishes."""

    def register(self, tenant: str, ant: AntRegistration) -> None:
        """Store an ant that has started (or started again)."""

    def find(self, tenant: str, ant_id: str) -> AntRegistration | None:
        """Return an ant."""

    def list(self, tenant: str) -> Sequence[AntRegistration]:
        """Return the ants by id."""

    def heartbeat(
        self, tenant: str, ant: AntRegistration
    ) -> tuple[AntRegistration, Sequence[TaskInFlight]] | None:
        """Store load, tasks in flight and time of an ant in one write.

        Return the registration and what was in flight before; None for an unknown ant.
        """

    def drain(self, tenant: str, ant_id: str) -> bool:
        """Remember that an ant shall drain, until it registers again; False for an unknown one."""

    def put_queue(self, tenant: str, key: RoutingKey, queue_url: str) -> None:
        """Remember the queue of a routing key."""

    def queues(self, tenant: str) -> Sequence[QueueDirective]:
        """Return all queues of the tenant."""

    def put_cancel(self, tenant: str, task_key: str, expires_at: datetime) -> None:
        """Remember that an attempt shall be ended; forgotten some time after `expires_at`."""

    def cancels(self, tenant: str) -> Sequence[str]:
        """Return the task keys that shall be ended."""


class EventQueue(Protocol):
    """The one way by which anything changes a run."""

    def send(self, message: EventMessage, delay_seconds: int = 0) -> None:
        """Send an event, delayed by at most 900 seconds; doubles are the core's business."""

    def send_at(self, message: EventMessage, moment: datetime, name: str) -> None:
        """Send an event at a moment that is further off than a queue can delay.

        It may come early, by minutes, and the engine sends it on its way again. The same name
        twice sends once.
        """

    def send_all(self, messages: Sequence[EventMessage]) -> None:
        """Send several in as few calls as can be."""


class TaskQueues(Protocol):
    """One queue a routing key."""

    def ensure(self, tenant: str, key: RoutingKey) -> str:
        """Make the queue if need be and return its URL."""

    def send(self, tenant: str, key: RoutingKey, message: TaskMessage) -> None:
        """Send a task, making the queue if need be."""


class ObjectStore(Protocol):
    """Artifacts and logs: keys are relative to the bucket."""

    def put(
        self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Store an object, with what is noted of it."""

    def get(self, key: str) -> bytes | None:
        """Return an object, None when there is none."""

    def metadata(self, key: str) -> Mapping[str, str]:
        """Return what was noted of an object that there is."""

    def list_keys(self, prefix: str) -> Sequence[str]:
        """Return the keys below a prefix, sorted."""

    def presigned_get(self, key: str, expires_seconds: int, filename: str | None = None) -> str:
        """Return a URL that anybody may read the object with for a while."""


class ObjectRemover(Protocol):
    """The right to remove objects, which housekeeping alone has."""

    def list_keys(self, prefix: str, limit: int | None = None) -> Sequence[str]:
        """Return the keys below a prefix, sorted: all, or the first ones."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are not there are no fault."""


class RunRemover(Protocol):
    """Removal of what is over, in pieces that may be repeated."""

    def retire(self, run: JobRun) -> None:
        """Take a run out of all lists and note its id, all or nothing.

        ConcurrentUpdateError when it is not stored in that version any more.
        """

    def retired(self, tenant: str, limit: int) -> Sequence[str]:
        """Return the ids of some retired runs of which something is left."""

    def remove_remains(self, tenant: str, request_id: str, limit: int) -> bool:
        """Remove some items of a retired run; the note goes last: True when nothing is left."""

    def delete_artifact(self, tenant: str, artifact: Artifact) -> None:
        """Forget the metadata of an artifact."""


class TenantRegistry(Protocol):
    """The tenants that there are: a tenant is known once it has a token."""

    def tenants(self, after: str, limit: int) -> Sequence[str]:
        """Return tenants by name, from the first after that name on."""


class DeadLetters(Protocol):
    """Events that failed so often that they were laid aside."""

    def send_on(self, limit: int) -> int:
        """Send about so many on to the engine once more, and return how many.

        One that was sent on some times already is left where it is.
        """


class HouseService(Protocol):
    """Whoever sees to it that housekeeping is done."""

    def start(self, tenant: str, name: str) -> None:
        """Begin with the housekeeping of a tenant, once a name."""


class TokenRepository(Protocol):
    """Bearer tokens, stored by their hash."""

    def find(self, token_sha256: str) -> Principal | None:
        """Return whose token it is."""

    def put(self, token_sha256: str, principal: Principal) -> None:
        """Store a token."""


class ConfigRepository(Protocol):
    """Configs of organizations, users and job types."""

    def list(self, tenant: str, owner: ConfigOwner) -> Sequence[Config]:
        """Return the configs of an owner by name, read consistently."""

    def find(self, tenant: str, owner: ConfigOwner, name: str) -> Config | None:
        """Return a config."""

    def put(self, tenant: str, config: Config) -> None:
        """Store a config in place of one of the same name."""

    def delete(self, tenant: str, owner: ConfigOwner, name: str) -> None:
        """Forget a config."""


class ErrorRuleRepository(Protocol):
    """Rows of the table of error codes; those of everybody lie under the tenant `*`."""

    def list(self, tenant: str) -> Sequence[ErrorRule]:
        """Return the rows of a tenant by id."""

    def find(self, tenant: str, rule_id: str) -> ErrorRule | None:
        """Return a row."""

    def put(self, rule: ErrorRule) -> None:
        """Store a row of its tenant in place of the one with its id."""

    def delete(self, tenant: str, rule_id: str) -> None:
        """Forget a row."""


class RootKeys(Protocol):
    """The keys that the keys of tenants are derived from; 256 bits each."""

    def current(self) -> tuple[str, bytes]:
        """Return the key to seal with and its id, making it if there is none."""

    def find(self, key_id: str) -> bytes:
        """Return a key by its id; NotFoundError when it is gone."""


class SecretSealer(Protocol):
    """Seals secrets so that only the control plane can open them."""

    def seal(self, tenant: str, owner: ConfigOwner, name: str, secret: str) -> str:
        """Return a secret sealed, bound to its tenant, owner and name."""

    def open(self, tenant: str, owner: ConfigOwner, name: str, sealed: str) -> str:
        """Return the secret; BrokenSealError when anything is not as it was sealed."""


class CredentialBroker(Protocol):
    """Hands ants short-lived rights."""

    def ant_credentials(
        self, tenant: str, ant_id: str, keys: Sequence[RoutingKey]
    ) -> AwsCredentials:
        """Return rights to the queues of these keys, the tenant's objects and the events queue."""


class SocketAntRepository(Protocol):
    """Ants that come over a websocket, and the tasks that wait for one."""

    def find(self, tenant: str, ant_id: str) -> SocketAnt | None:
        """Return an ant, read consistently."""

    def list(self, tenant: str) -> Sequence[SocketAnt]:
        """Return the ants by id, read consistently."""

    def save(self, tenant: str, ant: SocketAnt) -> SocketAnt:
        """Store it if the stored version is still `ant.version` (0: none); return version + 1.

        ConcurrentUpdateError otherwise.
        """

    def put_connection(self, tenant: str, connection_id: str, ant_id: str) -> None:
        """Remember who speaks over a connection; forgotten a day later."""

    def find_connection(self, tenant: str, connection_id: str) -> str | None:
        """Return the id of the ant that registered over a connection."""

    def put_waiting(self, tenant: str, task: SocketTask) -> None:
        """Let a task wait; doing it again changes nothing."""

    def waiting(self, tenant: str, key: RoutingKey, limit: int) -> Sequence[SocketTask]:
        """Return the first tasks that wait, those of the oldest runs first."""

    def forget_waiting(self, tenant: str, task: SocketTask) -> None:
        """Take a task out of those that wait."""

    def take(self, tenant: str, ant: SocketAnt, task: SocketTask) -> SocketAnt:
        """Give a waiting task to an ant, all or nothing; return the ant as stored.

        ConcurrentUpdateError when the ant has changed or the task no longer waits.
        """


class SocketGateway(Protocol):
    """The other end of the websockets."""

    def push(self, connection_id: str, text: str) -> bool:
        """Send a message; False when the connection is gone."""

    def is_open(self, connection_id: str) -> bool:
        """Whether the connection is there."""


class EventBus(Protocol):
    """Where everybody may listen who only watches."""

    def publish(self, events: Sequence[JobExecutionLifecycleEvent]) -> Sequence[int]:
        """Publish events in their order; return the places of those that were not taken."""


class GraphPainter(Protocol):
    """Draws pictures of graphs."""

    def paint(self, graph: DrawnGraph) -> bytes:
        """Return a graph as PNG."""
