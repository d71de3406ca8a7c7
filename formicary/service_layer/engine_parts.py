"""What the engine is made of, put together from the ports it is given."""

from dataclasses import dataclass, field
from typing import ClassVar

from formicary.ports import (
    AntRepository,
    Clock,
    ConfigRepository,
    DefinitionRepository,
    ErrorRuleRepository,
    EventQueue,
    GateRepository,
    HouseService,
    IdGenerator,
    ObjectStore,
    RunRepository,
    TaskFunction,
    TaskQueues,
)
from formicary.service_layer.admission import Admission
from formicary.service_layer.claim_task import TaskClaims
from formicary.service_layer.commit_event import EventCommitter
from formicary.service_layer.config_variables import NoConfigs
from formicary.service_layer.count_children import ChildCounter
from formicary.service_layer.cron_planner import CronPlanner
from formicary.service_layer.dispatch_task import TaskDispatcher
from formicary.service_layer.fork_items import JobForker
from formicary.service_layer.fork_job import ChildForker
from formicary.service_layer.function_tasks import FunctionTasks
from formicary.service_layer.known_error_rules import KnownErrorRules, NoErrorRules
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.perform_commands import CommandPerformer
from formicary.service_layer.record_history import HistoryRecorder
from formicary.service_layer.render_attempt import AttemptRenderer
from formicary.service_layer.situation import Situations
from formicary.service_layer.socket_tasks import SocketTasks
from formicary.service_layer.task_leases import TaskLeases
from formicary.service_layer.tenant_limits import KnownLimits


@dataclass
class EngineParts:
    """The ports, and the use cases that the engine is made of."""

    definitions_type: ClassVar[type[ParsedDefinitions]] = ParsedDefinitions
    committer_type: ClassVar[type[EventCommitter]] = EventCommitter
    admission_type: ClassVar[type[Admission]] = Admission

    runs: RunRepository
    definitions: DefinitionRepository
    ants: AntRepository
    events: EventQueue
    task_queues: TaskQueues
    objects: ObjectStore
    clock: Clock
    ids: IdGenerator
    gates: GateRepository
    configs: ConfigRepository = field(default_factory=NoConfigs)
    sockets: SocketTasks | None = None
    error_rules: ErrorRuleRepository = field(default_factory=NoErrorRules)
    house: HouseService | None = None
    task_function: TaskFunction | None = None
    known_error_rules: KnownErrorRules = field(init=False)
    parsed_definitions: ParsedDefinitions = field(init=False)
    admission: Admission = field(init=False)
    leases: TaskLeases = field(init=False)
    function_tasks: FunctionTasks | None = field(init=False)
    forker: JobForker = field(init=False)
    child_counter: ChildCounter = field(init=False)
    performer: CommandPerformer = field(init=False)
    situations: Situations = field(init=False)
    recorder: HistoryRecorder = field(init=False)
    committer: EventCommitter = field(init=False)
    claims: TaskClaims = field(init=False)

    def __post_init__(self) -> None:
        """Put the parts together."""
        self.parsed_definitions = self.definitions_type(self.definitions)
        self.admission = self.admission_type(self.gates, self.events)
        self.leases = TaskLeases(self.gates, self.admission, self.clock)
        self.known_error_rules = KnownErrorRules(self.error_rules, self.clock)
        self.function_tasks = (
            FunctionTasks(self.task_function, self.ants, self.events, self.clock)
            if self.task_function
            else None
        )
        dispatcher = TaskDispatcher(
            self.runs,
            self.objects,
            self.task_queues,
            self.ants,
            self.clock,
            self.configs,
            self.leases,
            self.sockets,
            self.house,
            self.function_tasks,
        )
        children = ChildForker(
            self.runs,
            self.definitions,
            self.parsed_definitions,
            self.events,
            self.clock,
            self.ids,
            self.gates,
        )
        renderer = AttemptRenderer(self.clock, self.configs)
        self.forker = JobForker(self.runs, self.objects, self.events, renderer, children)
        self.child_counter = ChildCounter(self.runs)
        planner = CronPlanner(
            self.runs,
            self.definitions,
            self.parsed_definitions,
            self.events,
            self.gates,
            KnownLimits(self.gates, self.clock),
            self.clock,
            self.ids,
        )
        self.performer = CommandPerformer(
            self.runs,
            self.ants,
            self.events,
            self.clock,
            dispatcher,
            self.forker,
            self.admission,
            planner,
            self.sockets,
        )
        self.situations = Situations(self.parsed_definitions, self.configs)
        self.recorder = HistoryRecorder(self.runs)
        self.committer = self.committer_type(
            self.runs,
            self.clock,
            self.admission,
            self.known_error_rules,
            self.performer,
            self.situations,
            self.recorder,
        )
        self.claims = TaskClaims(self.runs, self.committer, self.recorder, self.clock)
