"""The API in this process's memory: for tests, the simulator and offline tools."""

from formicary.adapters.memory.in_memory_ant_repository import InMemoryAntRepository
from formicary.adapters.memory.in_memory_configs import InMemoryConfigRepository
from formicary.adapters.memory.in_memory_credential_broker import InMemoryCredentialBroker
from formicary.adapters.memory.in_memory_definition_repository import InMemoryDefinitionRepository
from formicary.adapters.memory.in_memory_error_rules import InMemoryErrorRuleRepository
from formicary.adapters.memory.in_memory_event_queue import InMemoryEventQueue
from formicary.adapters.memory.in_memory_gates import InMemoryGateRepository
from formicary.adapters.memory.in_memory_notifications import InMemoryNotifications
from formicary.adapters.memory.in_memory_object_store import InMemoryObjectStore
from formicary.adapters.memory.in_memory_root_keys import InMemoryRootKeys
from formicary.adapters.memory.in_memory_run_repository import InMemoryRunRepository
from formicary.adapters.memory.in_memory_socket_ants import InMemorySocketAnts
from formicary.adapters.memory.in_memory_task_queues import InMemoryTaskQueues
from formicary.adapters.memory.in_memory_token_repository import InMemoryTokenRepository
from formicary.adapters.memory.in_memory_watchers import InMemoryBell, InMemoryWatchers
from formicary.bootstrap.later_client import later
from formicary.bootstrap.pictures import png_painter
from formicary.bootstrap.sealer import aes_gcm_sealer
from formicary.ports import Clock, IdGenerator
from formicary.service_layer.control_plane import AntEnvironment, ControlPlane
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.tenant_limits import KnownLimits
from formicary.service_layer.watch_run import KnownWatchers, WatchRoom


def build_in_memory_api(clock: Clock, ids: IdGenerator) -> ControlPlane:
    """Return the API's ports; each call makes a world of its own."""
    definitions = InMemoryDefinitionRepository()
    gates = InMemoryGateRepository()
    return ControlPlane(
        definitions=definitions,
        parsed=ParsedDefinitions(definitions),
        runs=InMemoryRunRepository(),
        ants=InMemoryAntRepository(clock),
        events=InMemoryEventQueue(clock),
        task_queues=InMemoryTaskQueues(clock),
        objects=InMemoryObjectStore(),
        tokens=InMemoryTokenRepository(),
        credentials=InMemoryCredentialBroker(clock),
        pictures=later(png_painter),
        configs=InMemoryConfigRepository(),
        sockets=InMemorySocketAnts(),
        error_rules=InMemoryErrorRuleRepository(),
        secrets=later(lambda: aes_gcm_sealer(InMemoryRootKeys())),
        notifications=InMemoryNotifications(),
        clock=clock,
        ids=ids,
        gates=gates,
        limits=KnownLimits(gates, clock),
        watch_room=WatchRoom(KnownWatchers(InMemoryWatchers(), clock), InMemoryBell()),
        ant_environment=AntEnvironment("local", "artifacts", "memory://events", "formicary"),
    )
