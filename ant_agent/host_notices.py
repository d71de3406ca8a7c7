"""Notices of EC2 that this host is going away: a spot interruption, or its group scaling in.

Asked for only on EC2. A spot notice comes two minutes ahead; a group waits for its hook.

Where the ant's own service may not ask (install/systemd), `python -m ant_agent.host_notices` does
in a service beside it: it ends with 0 at a notice.
"""

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx

_log = logging.getLogger(__name__)
METADATA_URL = "http://169.254.169.254"
_VENDOR = Path("/sys/devices/virtual/dmi/id/sys_vendor")
_TIMEOUT = httpx.Timeout(1.0)
_TOKEN_SECONDS = 21_600


def on_ec2(vendor_file: Path = _VENDOR) -> bool:
    """Whether this host is one of EC2's."""
    try:
        return vendor_file.read_text().startswith("Amazon EC2")
    except OSError:
        return False


class HostNotices:
    """One thread that asks every few seconds, and calls once."""

    def __init__(
        self, leave: Callable[[str], None], *, url: str = METADATA_URL, seconds: float = 5.0
    ) -> None:
        self._leave = leave
        self._client = httpx.Client(base_url=url, timeout=_TIMEOUT)
        self._seconds = seconds
        self._token = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="host-notices", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def _watch(self) -> None:
        away = False
        with self._client:
            while not self._stopped.is_set():
                try:
                    notice = self._notice()
                    away = False
                except httpx.HTTPError as error:
                    # Once: where it is closed to the ant, it stays so.
                    if not away:
                        _log.warning("instance metadata is away", extra={"error": str(error)})
                    notice, away = "", True
                if notice:
                    self._leave(notice)
                    return
                self._stopped.wait(self._seconds)

    def _notice(self) -> str:
        if self._get("spot/instance-action"):
            return "the spot instance is interrupted"
        if self._get("autoscaling/target-lifecycle-state").startswith(("Terminated", "Warmed:")):
            return "the instance leaves its Auto Scaling group"
        return ""

    def _get(self, name: str) -> str:
        """Return an item of the instance's metadata, nothing when there is none."""
        answer = self._ask(name)
        if answer.status_code == 401:
            self._token = ""
            answer = self._ask(name)
        return answer.text.strip() if answer.status_code == 200 else ""

    def _ask(self, name: str) -> httpx.Response:
        if not self._token:
            lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
            self._token = self._client.put("/latest/api/token", headers=lifetime).text
        return self._client.get(
            f"/latest/meta-data/{name}", headers={"X-aws-ec2-metadata-token": self._token}
        )


def wait_for_notice(*, url: str = METADATA_URL, seconds: float = 5.0) -> str:
    """Return the notice once it has come; off EC2, none ever does."""
    found: list[str] = []
    told = threading.Event()

    def leave(notice: str) -> None:
        found.append(notice)
        told.set()

    HostNotices(leave, url=url, seconds=seconds).start()
    told.wait()
    return found[0]


if __name__ == "__main__":
    sys.stderr.write(f"{wait_for_notice()}\n")
