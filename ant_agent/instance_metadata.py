"""Whether a cloud's metadata service, which hands out the host's credentials, is within reach."""

from collections.abc import Collection

import httpx

from ant_agent.host_notices import METADATA_URL
from formicary.domain.states import TaskMethod

_SECONDS = 0.3
_BY_METHOD = {
    TaskMethod.SHELL: "run the ant by the unit of install/systemd, which denies it, or drop the"
    " traffic of its user (iptables -A OUTPUT -d 169.254.169.254 -m owner --uid-owner USER"
    " -j REJECT)",
    TaskMethod.DOCKER: "require IMDSv2 with a hop limit of 1, so that containers do not reach it",
    TaskMethod.KUBERNETES: "have a NetworkPolicy (install/kubernetes) keep pods from it, or a hop"
    " limit of 1 on nodes",
}


def answers(url: str = METADATA_URL, seconds: float = _SECONDS) -> bool:
    """Whether anything answers there, whatever it says; a proxy is not asked."""
    try:
        httpx.get(f"{url}/latest/meta-data/", timeout=seconds, trust_env=False)
    except httpx.HTTPError:
        return False
    return True


def mends(methods: Collection[TaskMethod]) -> list[str]:
    """Return what keeps tasks of these methods away from it; HTTP tasks are kept by the ant."""
    return [mend for method, mend in _BY_METHOD.items() if method in methods]
