"""Which ends of a run and of its tasks are told, so that nobody has to look who wants to know.

A run carries one letter for each kind of listener that its definition names. Most carry none, and
nothing is written, sent or read for them.
"""

from enum import StrEnum


class Announces(StrEnum):
    """A letter of `JobRun.announces`."""

    NOTIFY = "n"
    WEBHOOK = "w"
    TASKS = "t"


# Every text of letters in which the end of the run itself is told.
OF_JOBS = ("n", "nt", "wt", "nwt")


def announces(*, notify: bool, webhook: bool, tasks: bool) -> str:
    """Return the letters of a definition; a webhook of the job is told of its tasks, too."""
    letters = (
        (Announces.NOTIFY, notify),
        (Announces.WEBHOOK, webhook),
        (Announces.TASKS, webhook or tasks),
    )
    return "".join(letter for letter, there in letters if there)


def announced(letters: str, *, child: bool, foreign: bool) -> str:
    """Return what is told of a run of the definition.

    Of a forked job its parent is told, not people. Of a run of another tenant's plugin nobody is:
    who has published it must not learn who uses it.
    """
    if foreign:
        return ""
    return letters.replace(Announces.NOTIFY, "") if child else letters
