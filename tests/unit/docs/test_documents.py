"""The documents say what the code does: tables, snippets, paths and names are held against it."""

import ast
import re
from pathlib import Path

import pytest

from formicary.domain.fault_codes import FaultCode
from formicary.domain.job_definition import JobDefinition
from formicary.domain.parsed_job import parse_job
from formicary.domain.states import Target, TaskMethod
from formicary.domain.task_definition import TaskDefinition
from formicary.routes import routes_of
from formicary.service_layer.task_variables import BUILT_IN_NAMES
from tests.unit.docs import rest_tables
from tests.unit.docs.not_yet import UNSERVED, UNUSED
from tests.unit.docs.rewrite import COMMAND, DOCUMENTS, ROOT, TABLES, names_in, rewritten

LANGUAGE = ROOT / "docs" / "job-language.md"
REST = ROOT / "docs" / "rest.md"
# Documents that are read with the eyes of a newcomer, generated tables or not.
READ = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
_SNIPPET = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CURL = re.compile(r"^curl (.*?)(?<!\\)$", re.MULTILINE | re.DOTALL)
_NAMED_FILE = re.compile(
    r"`((?:formicary|ant_agent|lambdas|stacks|tests|examples|docs)/[\w./-]+\.(?:py|md|yaml))`"
)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")
_MODELS = {
    "job_definition.py",
    "task_definition.py",
    "container_definition.py",
    "file_definition.py",
    "pod_definition.py",
    "volume_definition.py",
}
# Checked at upload, copied for lists, or carried through a structure: not acting on the field.
_CARRIERS = {
    "validation.py",
    "validation_entries.py",
    "validation_fields.py",
    "validation_job.py",
    "save_definition.py",
    "validation_tasks.py",
    "definition_summary.py",
    "definition_view.py",
    "job_schema.py",
    "job_graph.py",
    "rendered_graph.py",
    "secret_placeholders.py",
    "document_text.py",
}
# Words that mean other things elsewhere in the code: their absence proves nothing.
_COMMON = {
    "retry", "tags", "methods", "platform", "delay_between_retries", "resources", "cache",
    "job_version", "services", "cost_factor", "debug", "sem_version", "container", "helper",
    "notify",
}  # fmt: skip


def ids(path: Path) -> str:
    return path.name


def snippets() -> list[tuple[str, str]]:
    return [
        (f"{path.name}:{found.start()}", found[1])
        for path in READ
        for found in _SNIPPET.finditer(path.read_text())
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_the_tables_are_what_the_code_says(path: Path) -> None:
    text = path.read_text()

    assert rewritten(text) == text, f"write them again: {COMMAND}"


def test_every_table_stands_in_a_document() -> None:
    used = {name for path in DOCUMENTS for name in names_in(path.read_text())}

    assert used == set(TABLES)


@pytest.mark.parametrize("text", [text for _, text in snippets()], ids=[n for n, _ in snippets()])
def test_every_snippet_is_a_definition_that_can_be_uploaded(text: str) -> None:
    assert parse_job(text).definition.tasks


def test_every_call_shown_is_a_route() -> None:
    calls = _CURL.findall(REST.read_text())

    assert len(calls) >= 8
    for call in calls:
        path = re.search(r"\$FORMICARY_URL(/api/[^\s\"?]*)", call)
        assert path, call
        told = re.search(r"-X (\w+)", call)
        posts = "--data" in call
        method = told[1] if told else "POST" if posts else "GET"
        assert method in [route.method for route in routes_of(path[1])], call


@pytest.mark.parametrize("path", READ, ids=ids)
def test_every_file_and_link_named_is_there(path: Path) -> None:
    text = path.read_text()
    named = [ROOT / name for name in _NAMED_FILE.findall(text)]
    linked = [path.parent / name for name in _LINK.findall(text)]

    assert [str(file) for file in (*named, *linked) if not file.exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_lines_are_not_too_long_to_read(path: Path) -> None:
    prose = re.sub(r"<!-- generated.*?<!-- end -->", "", path.read_text(), flags=re.DOTALL)
    lines = [line for line in prose.splitlines() if not line.startswith(("|", "curl"))]

    assert [line for line in lines if len(line) > 124] == []


def test_the_language_names_every_built_in_target_and_method() -> None:
    text = LANGUAGE.read_text()
    words = [*BUILT_IN_NAMES, *Target, *TaskMethod]

    assert [word for word in words if f"`{word}`" not in text] == []


def test_the_language_names_every_error_code_of_the_engine() -> None:
    text = LANGUAGE.read_text()

    assert [code for code in rest_tables.error_code_names() if f"`{code}`" not in text] == []


def test_every_code_of_a_fault_is_one_of_the_table() -> None:
    sources = (ROOT / "formicary" / "domain").glob("*.py")
    words = {
        word for source in sources for word in re.findall(r"FaultCode\.(\w+)", source.read_text())
    }

    assert words == set(FaultCode.__members__)


@pytest.mark.parametrize("level", ["job", "task"])
def test_what_is_said_not_to_work_yet_are_fields(level: str) -> None:
    model = {"job": JobDefinition, "task": TaskDefinition}[level]

    assert set(UNUSED[level]) <= {info.alias or n for n, info in model.model_fields.items()}


def test_methods_without_anybody_to_carry_them_out_are_the_ones_told() -> None:
    from ant_agent.executors import installed_methods
    from formicary.domain.states import HTTP_METHODS

    served = set(installed_methods())
    served |= {TaskMethod.FORK_JOB, TaskMethod.AWAIT_FORKED_JOB, TaskMethod.WEBSOCKET}
    served |= {TaskMethod.EXPIRE_ARTIFACTS}

    assert served >= HTTP_METHODS
    assert set(UNSERVED) == set(TaskMethod) - served


def test_no_code_acts_on_what_is_said_not_to_work_yet() -> None:
    unused = {*UNUSED["job"], *UNUSED["task"]} - _COMMON
    acted_on = {
        f"{path.relative_to(ROOT)}: {word}"
        for folder in ("formicary/domain", "formicary/service_layer", "ant_agent", "lambdas")
        for path in (ROOT / folder).rglob("*.py")
        if path.name not in _MODELS | _CARRIERS
        for word in _words(path) & unused
    }

    assert acted_on == set(), f"take it out of tests/unit/docs/not_yet.py, then {COMMAND}"


def _words(path: Path) -> set[str]:
    """Attributes and texts of a module: the ways to reach a field."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    texts = {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return attributes | texts
