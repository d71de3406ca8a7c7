"""Writes the generated tables into the documents: `python -m tests.unit.docs.rewrite`.

A table stands between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

from formicary.domain.job_schema import job_schema
from formicary.domain.templating.functions import FUNCTIONS
from tests.unit.docs import engine_tables, field_tables, rest_tables
from tests.unit.docs.not_yet import UNSERVED

ROOT = Path(__file__).parents[3]
DOCUMENTS = tuple(
    ROOT / "docs" / f"{name}.md"
    for name in (
        "rest",
        "engine",
        "job-language",
        "compatibility",
        "ants",
        "executors",
        "architecture",
        "security",
    )
)
SCHEMA = ROOT / "docs" / "job-schema.json"
COMMAND = ".venv/bin/python -m tests.unit.docs.rewrite"
_BLOCK = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _functions() -> str:
    return ", ".join(f"`{name}`" for name in FUNCTIONS)


def _unserved() -> str:
    if not UNSERVED:
        return "\nEvery method is carried out.\n"
    rows = [(f"`{method}`", instead) for method, instead in UNSERVED.items()]
    return field_tables.table(("method", "what happens in this version"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "routes": rest_tables.routes_table,
    "parameters": rest_tables.parameters_table,
    "errors": rest_tables.errors_table,
    "ant-routes": rest_tables.ant_routes_table,
    "job-fields": field_tables.job_table,
    "task-fields": field_tables.task_table,
    "parts": field_tables.parts_tables,
    "faults": field_tables.faults_table,
    "functions": _functions,
    "settings": field_tables.settings_table,
    "unused-job": lambda: field_tables.unused_table("job"),
    "unused-task": lambda: field_tables.unused_table("task"),
    "unserved": _unserved,
    "engine-phases": engine_tables.phases_table,
    "engine-marks": engine_tables.marks_table,
    "engine-rules": engine_tables.rules_table,
    "engine-steps": engine_tables.steps_table,
}


def names_in(text: str) -> list[str]:
    return [found["name"] for found in _BLOCK.finditer(text)]


def rewritten(text: str) -> str:
    """The text with its tables as the code says."""
    return _BLOCK.sub(lambda found: f"{found[1]}{TABLES[found['name']]()}\n{found[3]}", text)


def schema_text() -> str:
    """The schema of definitions as `docs/job-schema.json` has it."""
    return json.dumps(job_schema(), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    SCHEMA.write_text(schema_text())
    for path in DOCUMENTS:
        path.write_text(rewritten(path.read_text()))


if __name__ == "__main__":
    main()
