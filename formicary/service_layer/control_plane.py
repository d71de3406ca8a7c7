"""What the use cases of the API work with: the ports, chosen by the composition root."""

from dataclasses import dataclass

from formicary.ports import (
    AntRepository,
    Clock,
    ConfigRepository,
    CredentialBroker,
    DefinitionRepository,
    ErrorRuleRepository,
    EventQueue,
    GateRepository,
    GraphPainter,
    IdGenerator,
    NotificationRepository,
    ObjectStore,
    RunRepository,
    SecretSealer,
    SocketAntRepository,
    TaskQueues,
    TokenRepository,
)
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.tenant_limits import KnownLimits
from formicary.service_layer.watch_run import WatchRoom


@dataclass(frozen=True, slots=True)
class AntEnvironment:
    """What an ant is told when it registers."""

    region: str
    artifact_bucket: str
    events_queue_url: str
    queue_name_prefix: str
    heartbeat_seconds: float = 5.0
    lease_seconds: int = 30
    http_function: bool = False


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The ports of the API and the texts it has parsed."""

    definitions: DefinitionRepository
    parsed: ParsedDefinitions
    runs: RunRepository
    ants: AntRepository
    events: EventQueue
    task_queues: TaskQueues
    objects: ObjectStore
    tokens: TokenRepository
    credentials: CredentialBroker
    pictures: GraphPainter
    configs: ConfigRepository
    sockets: SocketAntRepository
    error_rules: ErrorRuleRepository
    secrets: SecretSealer
    notifications: NotificationRepository
    clock: Clock
    ids: IdGenerator
    gates: GateRepository
    limits: KnownLimits
    watch_room: WatchRoom
    ant_environment: AntEnvironment
