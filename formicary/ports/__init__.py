"""What the service layer asks of the outside world; adapters/memory and adapters/aws answer alike.

Every method is scoped to one tenant. Writes are idempotent unless said otherwise.
"""

from formicary.ports.ants import (
    AntRepository,
    AttemptDesk,
    CredentialBroker,
    SocketAntRepository,
    SocketGateway,
    TokenRepository,
)
from formicary.ports.definitions import DefinitionRepository, ErrorRuleRepository
from formicary.ports.gates import GateRepository
from formicary.ports.housekeeping import (
    DeadLetters,
    HouseService,
    ObjectRemover,
    RunRemover,
    TenantRegistry,
)
from formicary.ports.notifications import (
    EndedRuns,
    LaterEndings,
    LetterWriter,
    Mailer,
    NotificationRepository,
    ToldEnds,
    WebAnswer,
    WebCaller,
)
from formicary.ports.objects import GraphPainter, ObjectStore
from formicary.ports.queues import EventBus, EventQueue, QueueCounts, TaskFunction, TaskQueues
from formicary.ports.runs import RunRepository
from formicary.ports.secrets import ConfigRepository, RootKeys, SecretSealer
from formicary.ports.system import Clock, IdGenerator
from formicary.ports.watching import WatchBell, WatcherRepository

__all__ = [
    "AntRepository",
    "AttemptDesk",
    "Clock",
    "ConfigRepository",
    "CredentialBroker",
    "DeadLetters",
    "DefinitionRepository",
    "EndedRuns",
    "ErrorRuleRepository",
    "EventBus",
    "EventQueue",
    "GateRepository",
    "GraphPainter",
    "HouseService",
    "IdGenerator",
    "LaterEndings",
    "LetterWriter",
    "Mailer",
    "NotificationRepository",
    "ObjectRemover",
    "ObjectStore",
    "QueueCounts",
    "RootKeys",
    "RunRemover",
    "RunRepository",
    "SecretSealer",
    "SocketAntRepository",
    "SocketGateway",
    "TaskFunction",
    "TaskQueues",
    "TenantRegistry",
    "TokenRepository",
    "ToldEnds",
    "WatchBell",
    "WatcherRepository",
    "WebAnswer",
    "WebCaller",
]
