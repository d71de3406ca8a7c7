"""What the last registration told: where the queues and the bucket are, and with which rights."""

import logging
import platform
from importlib.metadata import PackageNotFoundError, version

from ant_agent.aws_access import AwsAccess
from ant_agent.control_plane import ControlPlaneClient
from ant_agent.settings import Settings
from formicary.domain.ant import AntDirectives, AntRegistrationAnswer, AntRegistrationRequest

_log = logging.getLogger(__name__)
CLOCK_WARNING_SECONDS = 60


class Connection:
    """Registers the ant, again when need be, and keeps the answer for all threads."""

    def __init__(
        self, settings: Settings, control_plane: ControlPlaneClient, *, trial: bool = False
    ) -> None:
        """With `trial` it only learns what an ant would be told; none is registered."""
        self._control_plane = control_plane
        # Every poller may hold a connection for the length of a poll.
        self.aws = AwsAccess(max_connections=settings.capacity + 50)
        self._request = AntRegistrationRequest(
            ant_id=settings.id,
            host=platform.node(),
            version=_version(),
            methods=list(settings.methods),
            tags=list(settings.tags),
            max_capacity=settings.capacity,
            trial=trial,
        )
        self._answer: AntRegistrationAnswer | None = None

    @property
    def answer(self) -> AntRegistrationAnswer:
        """The last answer."""
        assert self._answer is not None  # noqa: S101 - nothing runs before the registration
        return self._answer

    def register(self) -> AntDirectives:
        """Register and use what was answered from now on."""
        answer = self._control_plane.register(self._request)
        self.aws.adopt(answer.region, answer.credentials, self._control_plane.credentials)
        self._answer = answer
        _log.info("registered", extra={"tenant": answer.tenant})
        ahead = self._control_plane.clock_ahead_seconds
        if abs(ahead) > CLOCK_WARNING_SECONDS:
            _log.warning(
                "this host's clock is wrong; AWS refuses calls that are 5 minutes off: set the"
                " time, or turn NTP on",
                extra={"seconds_ahead": round(ahead)},
            )
        return answer.directives

    def bucket(self) -> str:
        """The artifact bucket."""
        return self.answer.artifact_bucket

    def events_queue(self) -> str:
        """Where reports go."""
        return self.answer.events_queue_url

    def messaging_queue_prefix(self) -> str:
        """How the queues begin that MESSAGING tasks may name."""
        return self.answer.messaging_queue_prefix


def _version() -> str:
    try:
        return version("formicary")
    except PackageNotFoundError:
        return "0"
