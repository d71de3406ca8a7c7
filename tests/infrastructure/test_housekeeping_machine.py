"""The state machine of housekeeping: sound as a graph, and it speaks the function's language."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from formicary.domain.housekeeping import Chore, DeadLettersSent, TenantsPage

TEXT = (Path(__file__).parents[2] / "statemachines" / "housekeeping.asl.json").read_text()
MACHINE = json.loads(TEXT)
PER_TENANT = MACHINE["States"]["EachTenant"]["ItemProcessor"]
GRAPHS = pytest.mark.parametrize("graph", [MACHINE, PER_TENANT], ids=["tenants", "one tenant"])


def _targets(state):
    targets = {state[name] for name in ("Next", "Default") if name in state}
    return targets | {rule["Next"] for rule in state.get("Choices", []) + state.get("Catch", [])}


@GRAPHS
def test_every_state_is_reached_and_every_way_leads_to_one(graph):
    states = graph["States"]
    reached = {graph["StartAt"]}
    while new := {t for name in reached for t in _targets(states[name])} - reached:
        reached |= new

    assert reached == set(states)


@GRAPHS
def test_every_state_has_a_way_on_or_is_an_end(graph):
    for state in graph["States"].values():
        ends = state.get("End", False) or state["Type"] in {"Succeed", "Fail"}
        assert ends != bool(_targets(state))


@GRAPHS
def test_every_task_is_tried_again_with_growing_pauses(graph):
    tasks = [state for state in graph["States"].values() if state["Type"] == "Task"]

    assert tasks
    for task in tasks:
        (retry,) = task["Retry"]
        assert retry["ErrorEquals"] == ["States.ALL"]
        assert retry["BackoffRate"] > 1
        assert retry["JitterStrategy"] == "FULL"


def test_a_tenant_that_fails_keeps_no_other_from_its_turn():
    assert PER_TENANT["States"]["DoChore"]["Catch"][0]["Next"] == "Finished"
    assert MACHINE["States"]["SomethingFailed"]["Type"] == "Fail"


def test_what_the_machine_hands_in_and_reads_is_what_the_function_knows():
    payload = MACHINE["States"]["ListTenants"]["Arguments"]["Payload"]
    selected = MACHINE["States"]["EachTenant"]["ItemSelector"]
    read = set(re.findall(r"Payload\.(\w+)", TEXT))

    assert set(payload) == {"after"}
    assert Chore.model_validate(dict.fromkeys(selected, "acme")).tenant == "acme"
    assert read <= set(TenantsPage.model_fields)
    assert "$states.input.tenants" in TEXT
    assert "tenants" in TenantsPage.model_fields
    assert "$states.input.more" in TEXT
    assert "more" in DeadLettersSent.model_fields
    assert "$states.input.done" in TEXT
    assert "done" in Chore.model_fields


def test_names_of_resources_come_by_substitution_alone(dev):
    machine = dev.only("AWS::StepFunctions::StateMachine")

    assert machine["DefinitionString"] == TEXT
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == set(machine["DefinitionSubstitutions"])
    assert not re.search(r"\d{12}|us-east-1|arn:aws:", TEXT)


def test_it_starts_every_night_and_with_no_input_for_all_tenants(dev):
    schedule = dev.only("AWS::Scheduler::Schedule")

    assert schedule["ScheduleExpression"].startswith("cron(")
    assert schedule["Target"]["Input"] == "{}"
    assert "Housekeeping" in json.dumps(schedule["Target"]["Arn"])
