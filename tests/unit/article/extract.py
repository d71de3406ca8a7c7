"""Takes the definitions and fragments out of the text of the article, in the form printed there."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from formicary.domain.document_forms import keys_of
from formicary.domain.task_definition import TaskDefinition

SECTIONS = ("5.1", "6", "7")
_HEADING = re.compile(r"(\d+(?:\.\d+)*)\.? +[A-Z]")
_BULLET = re.compile(r"  • ([\w./ ]+?)(?: / \w+)?: ")
_BEGINS = re.compile(r" ?(- )?[\w-]+:( |$)")
_YAML = re.compile(r"\s|#|- |[\w-]+:( |$)|\.\.\.$|\{ ?\{")
_YAML_OF_BULLET = re.compile(r"[\u2013\w-]")
_CALL = re.compile(r"--data '(\{\"job_type\".*?\})' \\$", re.MULTILINE)
_TARGET = re.compile(r"^ *(?:on_completed|on_failed|\d+|COMPLETED): ([a-z][\w-]*)$", re.MULTILINE)
_TASK = re.compile(r"task_type: (\S+)")
# What is printed beside jobs: files of compose, settings of server and ant, output of kubectl.
_OTHER_FILES = ("version: ", "id: ", "methods:", "common:", "apiVersion: ", " Labels: ")
# Keys that jobs and tasks have; in this section they are the job's.
_OF_THE_JOB = frozenset({"description", "retry", "delay_between_retries", "timeout"})


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of YAML and where it stands; `field` names the bullet that it is the example of."""

    section: str
    text: str
    field: str = ""

    @property
    def name(self) -> str:
        first = self.field or self.text.strip().splitlines()[0].split(": ")[-1]
        return f"{self.section} {first}"

    def as_job(self) -> str:
        """The text that is uploaded: as printed, with the least around it that makes it a job."""
        lines = self.text.replace("...\n", "")
        first = lines.strip().split(":")[0]
        margin = " " if lines.startswith(" ") else ""
        if first == "job_type":
            return lines if "task_type:" in lines else f"{lines}{_tasks_of('', lines, margin)}"
        if first == "- task_type":
            script = "" if "method:" in lines else f"{margin}  script: x\n"
            return (
                f"{margin}job_type: fragment\n{margin}tasks:\n{lines}{script}{_more(lines, margin)}"
            )
        if first in keys_of(TaskDefinition) and not self._is_of_the_job(first):
            return f"job_type: fragment\n{_tasks_of(lines)}"
        version = "sem_version: 1.0\n" if first == "public_plugin" else ""
        return f"job_type: org.example.fragment\n{version}{lines}{_tasks_of('', lines)}"

    def _is_of_the_job(self, key: str) -> bool:
        return self.section == "5.1.1" and key in _OF_THE_JOB


def _tasks_of(fields: str, before: str = "", margin: str = "") -> str:
    """A list with one task that has the fields, and the tasks that it leads to."""
    inner = "".join(f"  {line}\n" for line in fields.splitlines())
    method = "" if re.search(r"^method:", fields, re.MULTILINE) else f"{margin}  method: SHELL\n"
    head = "" if "tasks:" in before else f"{margin}tasks:\n"
    script = f"{margin}  script: [x]\n"
    return f"{head}{margin}- task_type: first\n{method}{script}{inner}{_more(fields, margin)}"


def _more(fields: str, margin: str) -> str:
    """The tasks that a fragment leads to and does not show."""
    missing = sorted(set(_TARGET.findall(fields)) - set(_TASK.findall(fields)))
    return "".join(f"{margin}- {{task_type: {n}, method: SHELL, script: x}}\n" for n in missing)


def blocks_of(path: Path) -> list[Block]:
    """Every piece of YAML of the sections, those that are no jobs left out."""
    found: list[Block] = []
    section, place = "", 0
    lines = path.read_text(encoding="utf-8").splitlines()
    while place < len(lines):
        line, margin, field = lines[place], "", ""
        if heading := _HEADING.match(line):
            section = heading[1]
        elif section.startswith(SECTIONS) and (bullet := _BULLET.match(line)):
            margin, field = "    ", bullet[1].split()[0]
            place += 1
        elif not (section.startswith(SECTIONS) and _begins(lines, place)):
            place += 1
            continue
        text, following = _taken(lines, place, margin)
        if text and not heading and not text.startswith(_OTHER_FILES):
            found.append(Block(section, text, field))
        place = max(following, place + 1 - bool(field))
    return found


def params_of(path: Path) -> dict[str, dict[str, Any]]:
    """The params of the calls that are printed, by job type."""
    calls = (json.loads(found) for found in _CALL.findall(path.read_text(encoding="utf-8")))
    return {call["job_type"]: call["params"] for call in calls}


def _begins(lines: list[str], place: int) -> bool:
    alone = place == 0 or not lines[place - 1].strip()
    return alone and bool(_BEGINS.match(lines[place])) and not lines[place].startswith("Note:")


def _taken(lines: list[str], place: int, margin: str) -> tuple[str, int]:
    taken: list[str] = []
    while place < len(lines) and lines[place].startswith(margin) and lines[place].strip():
        line = lines[place].removeprefix(margin)
        if not (_YAML.match(line) or (margin and _YAML_OF_BULLET.match(line))):
            break
        taken.append(f"{line}\n")
        place += 1
    return "".join(taken), place
