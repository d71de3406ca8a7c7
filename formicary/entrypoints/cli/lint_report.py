"""What checking files found: for people as excerpts, for programs as data and as SARIF."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from formicary import __version__
from formicary.domain.errors import InvalidDefinitionError
from formicary.domain.fault_codes import FaultCode
from formicary.domain.faults import Fault, faulty_line
from formicary.domain.parsed_job import parse_job

_MEANINGS = {str(code): code.meaning for code in FaultCode}
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file and what is wrong with it; `job_type` is known where nothing is."""

    file: str
    text: bytes
    faults: tuple[Fault, ...] = ()
    job_type: str = ""
    tasks: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it as programs read it."""
        faults = [fault.to_json() for fault in self.faults]
        return {"file": self.file, "job_type": self.job_type, "faults": faults}


def check_file(file: str, text: bytes) -> FileReport:
    """Check the text of a definition as an upload would."""
    try:
        definition = parse_job(text).definition
    except InvalidDefinitionError as error:
        return FileReport(file, text, error.faults)
    return FileReport(file, text, (), definition.job_type, len(definition.tasks))


def sarif(reports: Sequence[FileReport]) -> dict[str, Any]:
    """Return the faults as a SARIF 2.1.0 log, which code scanners and editors show."""
    codes = sorted({str(fault.code) for report in reports for fault in report.faults})
    driver = {
        "name": "formicary",
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": _location(report.file)} for report in reports],
        "results": [
            result
            for place, report in enumerate(reports)
            for result in _results(report, place, codes)
        ],
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    return {"id": code, "shortDescription": {"text": _MEANINGS[code]}}


def _results(report: FileReport, place: int, codes: Sequence[str]) -> Iterator[dict[str, Any]]:
    for fault in report.faults:
        physical: dict[str, Any] = {"artifactLocation": {**_location(report.file), "index": place}}
        if fault.line:
            physical["region"] = _region(fault, report.text)
        location: dict[str, Any] = {"physicalLocation": physical}
        if fault.field:
            location["logicalLocations"] = [{"fullyQualifiedName": fault.field}]
        yield {
            "ruleId": str(fault.code),
            "ruleIndex": codes.index(str(fault.code)),
            "level": "error",
            "message": {"text": f"{fault.message} ({fault.mend})" if fault.mend else fault.message},
            "locations": [location],
        }


def _region(fault: Fault, text: bytes) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": fault.line, "startColumn": max(1, fault.column)}
    line = faulty_line(text, fault)
    return region if line is None else {**region, "snippet": {"text": line}}


def _location(file: str) -> dict[str, str]:
    path = PurePath(file)
    return {"uri": Path(path).as_uri() if path.is_absolute() else quote(path.as_posix())}
