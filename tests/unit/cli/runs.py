"""Runs and definitions as the API shows them."""

RUN_ID = "01K0000000AAAAAAAAAAAAAAAA"
START = "2026-01-02T03:04:05+00:00"
END = "2026-01-02T03:04:07.500000+00:00"


def a_task(task_type, state="COMPLETED", **more):
    ended = {"ended_at": END} if state not in {"READY", "EXECUTING"} else {}
    return {
        "task_type": task_type,
        "method": "SHELL",
        "task_state": state,
        "exit_code": "",
        "ant_id": "ant-1",
        "started_at": START,
        "artifacts": [],
        "warnings": [],
        "attempts": [{"attempt": 1, "status": state}],
        **ended,
        **more,
    }


def a_run(state="COMPLETED", tasks=(), run_id=RUN_ID, **more):
    return {
        "id": run_id,
        "job_type": "greet",
        "job_version": "1",
        "job_definition_id": "greet:1",
        "job_state": state,
        "params": {"Name": "World"},
        "created_at": START,
        "execution": {
            "id": "E1",
            "job_state": state,
            "contexts": [],
            "tasks": list(tasks),
            "started_at": START,
            "ended_at": END if state in {"COMPLETED", "FAILED", "CANCELLED"} else None,
        },
        **more,
    }


def a_page(*records, next_token=None):
    return {
        "records": list(records),
        "page": 0,
        "page_size": 20,
        "total_records": len(records),
        "total_pages": 1,
        "next_token": next_token,
    }


def an_artifact(name="report.txt", **more):
    return {
        "id": "A1",
        "name": name,
        "path": name,
        "task_type": "report",
        "content_length": 5,
        "sha256": "",
        "created_at": START,
        "job_request_id": RUN_ID,
        **more,
    }


DEFINITION = {
    "id": "greet:1",
    "job_type": "greet",
    "version": 1,
    "tasks": [
        {"task_type": "hello", "method": "SHELL", "on_completed": ["check"]},
        {
            "task_type": "check",
            "method": "SHELL",
            "on_exit_code": {"3": "long"},
            "on_completed": ["short"],
        },
        {"task_type": "long", "method": "SHELL"},
        {"task_type": "short", "method": "SHELL", "allow_failure": True},
        {"task_type": "tidy", "method": "SHELL", "always_run": True},
    ],
}
