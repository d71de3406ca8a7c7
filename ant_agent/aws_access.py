"""AWS clients with credentials that the control plane lends and renews.

An emulator forgets its sessions when it restarts, and a role can be revoked: a call that is refused
for its credentials is repeated once with new ones.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

# botocore has no types; the clients are typed by stubs. boto3 would only add what nothing here
# calls, for 3 MB.
import botocore.session  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.credentials import RefreshableCredentials  # type: ignore[import-untyped]
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from ant_agent.aws_errors import error_code
from formicary.domain.ant import AwsCredentials

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

T = TypeVar("T")
# The first waits for nobody, the second blocks until renewed.
_ADVISORY_SECONDS = 300
_MANDATORY_SECONDS = 60
_REFUSED_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


class LentCredentials(RefreshableCredentials):  # type: ignore[misc]
    """Credentials with an end, renewed before it, or when they are refused."""

    def __init__(self, first: AwsCredentials, renew: Callable[[], AwsCredentials]) -> None:
        super().__init__(
            first.access_key_id,
            first.secret_access_key,
            first.session_token,
            first.expires_at,
            refresh_using=lambda: _as_metadata(renew()),
            method="formicary",
            advisory_timeout=_ADVISORY_SECONDS,
            mandatory_timeout=_MANDATORY_SECONDS,
        )

    def refused(self, access_key_id: str) -> None:
        """Renew them, unless somebody did since that key was used."""
        with self._refresh_lock:
            if self._access_key == access_key_id:
                self._expiry_time = datetime.now(UTC) - timedelta(seconds=1)
        self.get_frozen_credentials()


class AwsAccess:
    """The clients of one registration; `adopt` replaces them after another one."""

    def __init__(self, max_connections: int) -> None:
        self._lock = threading.Lock()
        self._config = Config(
            max_pool_connections=max_connections,
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "max_attempts": 3},
        )
        self._credentials: LentCredentials | None = None
        self._session: Any = None
        self._clients: dict[str, Any] = {}

    def adopt(
        self, region: str, first: AwsCredentials, renew: Callable[[], AwsCredentials]
    ) -> None:
        """Use these credentials from now on."""
        credentials = LentCredentials(first, renew)
        core = botocore.session.Session()
        core._credentials = credentials  # noqa: SLF001 - botocore has no public way
        core.set_config_variable("region", region)
        with self._lock:
            self._credentials, self._session, self._clients = credentials, core, {}

    def secrets(self) -> list[str]:
        """Return what of the credentials must not show anywhere."""
        with self._lock:
            credentials = self._credentials
        if credentials is None:
            return []
        frozen = credentials.get_frozen_credentials()
        return [frozen.secret_key, frozen.token or ""]

    def sqs(self, call: Callable[["SQSClient"], T]) -> T:
        """Do a call of SQS."""
        return self._call("sqs", call)

    def s3(self, call: Callable[["S3Client"], T]) -> T:
        """Do a call of S3."""
        return self._call("s3", call)

    def _call(self, service: str, call: Callable[[Any], T]) -> T:
        with self._lock:
            # Made at the first call: an ant that moves no files holds no S3 client (6 MB).
            if service not in self._clients:
                self._clients[service] = self._session.create_client(service, config=self._config)
            client, credentials = self._clients[service], self._credentials
        assert credentials is not None  # noqa: S101 - adopted with the clients
        key = credentials.get_frozen_credentials().access_key
        try:
            return call(client)
        except ClientError as error:
            refused = error_code(error) in _REFUSED_CREDENTIALS
            # Rights name the queues there are: new ones come with new credentials.
            outdated = service == "sqs" and error_code(error) in _DENIED
            if not (refused or outdated):
                raise
            credentials.refused(key)
            return call(client)


def _as_metadata(credentials: AwsCredentials) -> dict[str, str]:
    return {
        "access_key": credentials.access_key_id,
        "secret_key": credentials.secret_access_key,
        "token": credentials.session_token,
        "expiry_time": credentials.expires_at.isoformat(),
    }
