"""What the ant says to the control plane over HTTP."""

import contextlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from formicary.domain.ant import (
    AntDirectives,
    AntRegistrationAnswer,
    AntRegistrationRequest,
    AwsCredentials,
    ClaimAnswer,
    ClaimRequest,
    Heartbeat,
    SecretsAnswer,
    SecretsRequest,
)

M = TypeVar("M", bound=BaseModel)
_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_REFUSED = frozenset({400, 401, 403, 413, 422})


class ControlPlaneError(Exception):
    """The control plane does not answer, or not sensibly; trying again may help."""


class RefusedError(ControlPlaneError):
    """The control plane refuses the request; trying again as it is will not help."""


class UnknownAntError(ControlPlaneError):
    """The control plane does not know this ant, or no such thing; registering again may help."""


class ControlPlaneClient:
    """One connection pool, used by all threads."""

    def __init__(self, url: str, token: str, ant_id: str) -> None:
        # By how much our clock is ahead of theirs, as the last answer told.
        self.clock_ahead_seconds = 0.0
        self._base = f"{url.rstrip('/')}/api/ants"
        self._ant = f"{self._base}/{quote(ant_id, safe='')}"
        self._client = httpx.Client(timeout=_TIMEOUT, headers={"Authorization": f"Bearer {token}"})

    def register(self, request: AntRegistrationRequest) -> AntRegistrationAnswer:
        """Say who the ant is; learn where everything is."""
        answer = self._post(self._base, request, AntRegistrationAnswer)
        return answer.model_copy(update={"credentials": self._by_our_clock(answer.credentials)})

    def heartbeat(self, heartbeat: Heartbeat) -> AntDirectives:
        """Say what is going on; learn what to do."""
        return self._post(f"{self._ant}/heartbeat", heartbeat, AntDirectives)

    def credentials(self) -> AwsCredentials:
        """Fetch new credentials."""
        fresh = self._post(f"{self._ant}/credentials", None, AwsCredentials)
        return self._by_our_clock(fresh)

    def claim(self, request: ClaimRequest) -> ClaimAnswer:
        """Ask for the right to run a message that was delivered before."""
        return self._post(f"{self._ant}/claims", request, ClaimAnswer)

    def _note_time(self, response: httpx.Response) -> None:
        with contextlib.suppress(KeyError, ValueError):
            theirs = parsedate_to_datetime(response.headers["Date"])
            self.clock_ahead_seconds = (datetime.now(UTC) - theirs).total_seconds()

    def _by_our_clock(self, credentials: AwsCredentials) -> AwsCredentials:
        """Tell when credentials end as our clock will show it, however wrong it is."""
        ends = credentials.expires_at + timedelta(seconds=self.clock_ahead_seconds)
        return credentials.model_copy(update={"expires_at": ends})

    def secrets(self, request: SecretsRequest) -> SecretsAnswer:
        """Fetch the secrets that a task mentions."""
        return self._post(f"{self._ant}/secrets", request, SecretsAnswer)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _post(self, url: str, body: BaseModel | None, answer: type[M]) -> M:
        content = body.model_dump_json() if body is not None else "{}"
        try:
            response = self._client.post(
                url, content=content, headers={"Content-Type": "application/json"}
            )
        except httpx.HTTPError as error:
            raise ControlPlaneError(f"{type(error).__name__}: {error}") from error
        if response.status_code == 404:
            raise UnknownAntError(_problem(response))
        if response.status_code in _REFUSED:
            raise RefusedError(_problem(response))
        if not response.is_success:
            raise ControlPlaneError(_problem(response))
        self._note_time(response)
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            raise ControlPlaneError(f"an answer of another kind than {answer.__name__}") from error


def _problem(response: httpx.Response) -> str:
    try:
        document = response.json()
        return f"{document['detail']} ({document['code']})"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}: {response.text[:300]}"
