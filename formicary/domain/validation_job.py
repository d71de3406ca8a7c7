"""Checks the fields of the job itself: its name, its version, when it runs."""

import re
from collections.abc import Callable, Iterator

from formicary.domain.cron import check_cron, check_timezone
from formicary.domain.document_nodes import Mapping, Scalar
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault
from formicary.domain.job_definition import JobDefinition
from formicary.domain.sem_version import parse_version
from formicary.domain.validation_fields import Location

_JOB_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_JOB_TYPE_MEND = (
    "take up to 100 letters, digits, dots, dashes or underscores, a letter or digit first"
)
_PLUGIN_PARTS = 3
_CHECKS: dict[str, tuple[FaultCode, Callable[[str], object], str]] = {
    "cron_trigger": (
        FaultCode.BAD_CRON,
        check_cron,
        "as in `0 9 * * MON-FRI`, or with seconds first: `0 0 9 * * MON-FRI *`",
    ),
    "cron_timezone": (
        FaultCode.BAD_TIMEZONE,
        check_timezone,
        "take a name of the IANA database, as in `Europe/Berlin`",
    ),
    "sem_version": (
        FaultCode.BAD_VERSION,
        parse_version,
        "write it as 1.0, 1.2.5, 1.0-dev or 1.2-rc2",
    ),
}


def job_faults(root: Mapping, job: JobDefinition, aside: set[Location]) -> Iterator[Fault]:
    """Yield what is wrong with the job itself; `aside` has what only templates give."""
    yield from _name_faults(root, job, aside)
    for key, (code, check, mend) in _CHECKS.items():
        value, place = getattr(job, key), root.get(key)
        if value and isinstance(place, Scalar) and not place.templated:
            try:
                check(value)
            except ValueError as error:
                yield _at(root, key, code, f"{key}: {error}", mend)
    if job.public_plugin:
        yield from _plugin_faults(root, job)


def _name_faults(root: Mapping, job: JobDefinition, aside: set[Location]) -> Iterator[Fault]:
    if not job.job_type and ("job_type",) not in aside:
        message, mend = "the job has no job_type", "name it: `job_type: NAME`"
        yield _at(root, "job_type", FaultCode.MISSING_FIELD, message, mend)
    elif not _JOB_TYPE.fullmatch(job.job_type):
        message = f'the job_type "{job.job_type[:100]}" is not allowed'
        yield _at(root, "job_type", FaultCode.BAD_NAME, message, _JOB_TYPE_MEND)


def _plugin_faults(root: Mapping, job: JobDefinition) -> Iterator[Fault]:
    if not job.sem_version:
        message, mend = "a public plugin has no sem_version", "add `sem_version: 1.0`"
        yield _at(root, "public_plugin", FaultCode.MISSING_FIELD, message, mend)
    version = root.get("sem_version")
    if isinstance(version, Scalar) and version.templated:
        message = "the sem_version of a public plugin cannot be a template"
        yield _at(root, "sem_version", FaultCode.BAD_VERSION, message, "write it as 1.0")
    if _JOB_TYPE.fullmatch(job.job_type) and job.job_type.count(".") < _PLUGIN_PARTS - 1:
        message = f'the public plugin "{job.job_type}" has no name of {_PLUGIN_PARTS} parts'
        mend = "begin it with your organization's bundle, as in `org.example.my-plugin`"
        yield _at(root, "job_type", FaultCode.BAD_NAME, message, mend)


def _at(root: Mapping, key: str, code: FaultCode, message: str, mend: str) -> Fault:
    place = root.get(key) or root
    return Fault(code, message, mend, place.line, place.column, key)
