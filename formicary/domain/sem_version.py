"""Semantic versions of public plugins: `1.0`, `1.2.5`; before a release `1.0-dev`, `1.2-rc2`."""

import re
from dataclasses import dataclass

_FORM = re.compile(
    r"(?P<numbers>\d{1,9}(?:\.\d{1,9}){1,2})(?:[.-]?(?P<stage>dev|rc)-?(?P<step>\d{0,9}))?"
)
_STAGES = ("dev", "rc", "")


@dataclass(frozen=True, slots=True, order=True)
class SemVersion:
    """A version that can be compared with others."""

    numbers: tuple[int, int, int]
    stage: int
    step: int

    @property
    def released(self) -> bool:
        """Whether it is no version of development."""
        return self.stage == len(_STAGES) - 1


def parse_version(text: str) -> SemVersion:
    """Read a version; ValueError when it is none."""
    found = _FORM.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text[:40]!r} is no semantic version")
    major, minor, *patch = (int(number) for number in found["numbers"].split("."))
    stage = _STAGES.index(found["stage"] or "")
    return SemVersion((major, minor, patch[0] if patch else 0), stage, int(found["step"] or 0))


def may_follow(new: str, old: str) -> bool:
    """Whether a plugin in version `old` can be published as `new`: a release only once."""
    following, former = parse_version(new), parse_version(old)
    return following > former or (following == former and not former.released)
