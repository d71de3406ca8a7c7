"""What stands for a secret is found wherever it was rendered, and nowhere else."""

from formicary.domain.secret_placeholders import (
    filled_in,
    misplaced_secrets,
    secret_placeholder,
    secrets_in,
)
from formicary.domain.states import TaskMethod
from formicary.domain.task_definition import TaskDefinition

MARK = secret_placeholder("key", "e1", "task", "Token")


def task(**fields):
    return TaskDefinition(task_type="t", method=TaskMethod.SHELL, **fields)


def test_placeholders_differ_by_key_execution_task_and_name():
    others = [
        secret_placeholder("other", "e1", "task", "Token"),
        secret_placeholder("key", "e2", "task", "Token"),
        secret_placeholder("key", "e1", "t", "Token"),
        secret_placeholder("key", "e1", "task", "Tok"),
    ]

    assert len({MARK, *others}) == 5


def test_secrets_are_found_in_any_depth():
    rendered = task(environment={"A": f"x{MARK}y"}, container={"image": "i"})

    assert secrets_in(rendered, {"Token": MARK, "Other": "FORMICARYSECRET00"}) == ("Token",)
    assert secrets_in(task(), {"Token": MARK}) == ()


def test_scripts_and_environment_may_hold_secrets_and_names_may_not():
    good = task(script=[MARK], environment={"A": MARK}, headers={"B": MARK}, variables={"C": MARK})

    assert misplaced_secrets(good, [MARK]) == ()
    assert misplaced_secrets(task(tags=[MARK], description=MARK), [MARK]) == ("description", "tags")


def test_values_are_filled_in_as_they_are_keys_too():
    value = {"a": [f"-{MARK}-", 7, None], MARK: {"b": MARK * 2}}

    assert filled_in(value, {MARK: 'p"\\{{.x}}'}) == {
        "a": ['-p"\\{{.x}}-', 7, None],
        'p"\\{{.x}}': {"b": 'p"\\{{.x}}p"\\{{.x}}'},
    }
