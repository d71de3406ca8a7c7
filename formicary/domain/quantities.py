"""Sizes and processor shares as Kubernetes writes them (`1Gi`, `500m`), and Docker's `512m`."""

import re

_SIZE = re.compile(r"(\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})([a-zA-Z]{0,2})")
_CPU = re.compile(r"(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(m?)")
_POWERS = {letter: power for power, letter in enumerate("KMGTPE", 1)}
_UNITS: dict[str, int] = {
    "": 1,
    "b": 1,
    "k": 1000,
    **{letter: 1000**power for letter, power in _POWERS.items() if letter != "K"},
    **{f"{letter}i": 1024**power for letter, power in _POWERS.items()},
    # Docker's letters; Kubernetes' `m` would be thousandths of a byte, which nobody means.
    "m": 1024**2,
    "g": 1024**3,
}
MAX_BYTES = 1024**6
MAX_CPUS = 10_000


def parse_size(text: str) -> int:
    """Return the bytes of a size; ValueError tells what is wrong with it."""
    found = _SIZE.fullmatch(text.strip())
    if not found or found[2] not in _UNITS:
        raise ValueError(f"{text[:40]!r} is not a size")
    size = float(found[1]) * _UNITS[found[2]]
    if not 1 <= size <= MAX_BYTES:
        raise ValueError(f"{text[:40]!r} is not between one byte and 1Ei")
    return round(size)


def parse_cpu(text: str) -> float:
    """Return how many processors a share is; ValueError tells what is wrong with it."""
    found = _CPU.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text[:40]!r} is not a share of processors")
    cpus = float(found[1]) / (1000 if found[2] else 1)
    if not 0.001 <= cpus <= MAX_CPUS:
        raise ValueError(f"{text[:40]!r} is not between 1m and {MAX_CPUS}")
    return cpus
