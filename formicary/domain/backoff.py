"""How long to wait before the next try. Pure: what looks random is a hash of what is tried.

Without jitter the n-th delay is `min * factor ** n`, at most `max`. With it, a delay lies somewhere
between `min` and the delay after it, so that those who failed together do not come back together.
"""

import hashlib

from formicary.domain.job_graph import Backoff

LONGEST_SECONDS = 366 * 24 * 3600.0
_MAX_EXPONENT = 200


def retry_delay(delay_seconds: float, backoff: Backoff | None, tries: int, seed: str) -> float:
    """Return the seconds to wait after `tries` earlier retries; `seed` names what is tried."""
    if backoff is None:
        return delay_seconds
    longest = LONGEST_SECONDS if backoff.max_seconds is None else backoff.max_seconds
    shortest = min(backoff.min_seconds, longest)
    if not backoff.jitter:
        return _grown(backoff, shortest, longest, tries)
    upper = _grown(backoff, shortest, longest, tries + 1)
    return round(shortest + (upper - shortest) * _fraction(f"{seed}:{tries}"), 3)


def _grown(backoff: Backoff, shortest: float, longest: float, tries: int) -> float:
    return min(longest, shortest * backoff.factor ** min(tries, _MAX_EXPONENT))


def _fraction(seed: str) -> float:
    digest = hashlib.blake2b(seed.encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / (1 << 48)
