"""Reports on disk and their size."""

import json
from pathlib import Path

from ant_agent.lease_keeper import Lease
from ant_agent.spool import Report, Spool, report_body
from ant_agent.task_outcome import Outcome
from formicary.domain.messages import EventMessage
from formicary.domain.task_request import ExecutorOptions, TaskMessage, TaskRequest


def message() -> TaskMessage:
    request = TaskRequest(
        job_definition_id="j:1",
        job_request_id="r",
        job_type="j",
        job_type_version="1",
        job_execution_id="e",
        task_execution_id="t",
        task_type="work",
        co_relation_id="c",
        executor_opts=ExecutorOptions(method="SHELL"),
    )
    return TaskMessage(tenant="acme", attempt=2, proof="p", object_prefix="x/", request=request)


def body(outcome: Outcome) -> str:
    return report_body(message(), outcome.response(message(), "ant", []))


def test_a_report_comes_back_as_it_was_and_is_gone_when_forgotten(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    report = Report('{"a": "\u20ac"}', Lease("queue", "handle"))

    path = spool.keep(report)

    assert spool.unsent() == [path]
    assert spool.read(path) == report
    spool.forget(path)
    assert spool.unsent() == []


def test_a_file_that_is_no_report_is_set_aside(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "x.json").write_text("{half")

    assert spool.read(tmp_path / "x.json") is None
    assert spool.unsent() == []
    assert (tmp_path / "x.refused").exists()


def test_a_report_is_pure_ascii_since_sqs_refuses_some_characters() -> None:
    text = body(Outcome(stdout=["\ufffe\u0000\u20ac"]))

    assert text.isascii()
    assert EventMessage.model_validate_json(text).response.stdout == ["\ufffe\u0000\u20ac"]


def test_a_large_report_loses_stdout_then_warnings_then_its_context() -> None:
    chatty = json.loads(body(Outcome(stdout=["x" * 10**6], warnings=["careful"])))["response"]
    worried = json.loads(body(Outcome(warnings=["x" * 10**6])))["response"]
    heavy = json.loads(body(Outcome(context={"k": "x" * 10**6})))["response"]

    assert chatty["stdout"] == []
    assert chatty["warnings"] == ["careful", "stdout dropped: report too large"]
    assert worried["warnings"] == ["stdout and warnings dropped: report too large"]
    assert heavy["job_context"] == {}
