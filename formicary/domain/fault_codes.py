"""The stable codes of what can be wrong with a definition, each with its meaning."""

from enum import StrEnum
from typing import Self


class FaultCode(StrEnum):
    """A code that programs may rely on; the messages beside it are for people."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Self:
        """Make a text that knows what it means."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    NOT_UTF8 = "not-utf8", "The text is not UTF-8."
    NOT_YAML = "not-yaml", "The text cannot be read as YAML, or is no map of keys."
    TOO_LARGE = "too-large", "The text has more bytes than are allowed."
    TOO_DEEP = "too-deep", "Values stand too deep in each other."
    TOO_MANY_VALUES = "too-many-values", "The text has too many values, its aliases counted."
    TOO_MANY_TASKS = "too-many-tasks", "The job has more tasks than are allowed."
    BAD_TEMPLATE = "bad-template", "A template cannot be read, or can never be rendered."
    UNKNOWN_KEY = "unknown-key", "There is no such key at this place."
    DUPLICATE_KEY = "duplicate-key", "A key is given twice, and both can be there at once."
    MISSING_FIELD = "missing-field", "A field that is needed has no value."
    WRONG_TYPE = "wrong-type", "A text stands where a number, a list or a map should, or the like."
    UNKNOWN_WORD = "unknown-word", "The field takes one of a few words, and this is none of them."
    OUT_OF_RANGE = "out-of-range", "A number is too small or too large, or a text too long."
    BAD_VALUE = "bad-value", "The value cannot be what it should be; the message tells why."
    BAD_DURATION = "bad-duration", "A duration is written in no known way."
    BAD_SIZE = "bad-size", "A size of memory or storage is written in no known way."
    BAD_CPU = "bad-cpu", "A share of processors is written in no known way."
    BAD_CRON = "bad-cron", "The cron expression cannot be understood or never fires."
    BAD_TIMEZONE = "bad-timezone", "There is no such time zone."
    BAD_NAME = "bad-name", "The name of a job or task has characters that it cannot have."
    BAD_VERSION = "bad-version", "A semantic version is written in no known way."
    DUPLICATE_TASK = "duplicate-task", "Two tasks have one name."
    UNKNOWN_TASK = "unknown-task", "A field names a task that the job does not have."
    ROUTING_TO_NOWHERE = "routing-to-nowhere", "A route leads to a task that the job does not have."
    WRONG_METHOD = "wrong-method", "A field means nothing with the method of its task."
    NOT_A_FORK = "not-a-fork", "AWAIT_FORKED_JOB waits for a task that forks nothing."
    WRONG_ORDER = "wrong-order", "A task needs another that cannot have run before it."
    NO_START = "no-start", "No task can be the first."
    SEVERAL_STARTS = "several-starts", "Nothing leads to a task that is not the first."
    UNREACHABLE_TASK = "unreachable-task", "The start leads to a task on no way."
    CYCLE = "cycle", "Tasks lead in a circle."
