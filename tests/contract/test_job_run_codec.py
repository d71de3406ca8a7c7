"""The stored form of a run: nothing is lost, nothing is large, nothing newer is misread."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import Phase as Stage
from hypothesis import given, settings
from hypothesis import strategies as st

from formicary.adapters.aws.folded_letters import fold, unfold
from formicary.adapters.aws.items import item_size, marshal, unmarshal
from formicary.adapters.aws.job_run_codec import decode_run, encode_run
from formicary.adapters.aws.rows import STORED_ORDER
from formicary.adapters.run_summary import listed_run, summary_of
from formicary.domain.commands import (
    AcquireSlots,
    CancelChild,
    CancelItems,
    CancelTask,
    Command,
    DispatchTask,
    ForkItems,
    ForkJob,
    NotifyParent,
    PlanNext,
    ReleaseSlots,
    ReturnLease,
    StartTimer,
)
from formicary.domain.errors import FormicaryError
from formicary.domain.events import TimerKind
from formicary.domain.gates import Claim
from formicary.domain.job_run import (
    ActiveTask,
    ActivityState,
    Failure,
    Fan,
    Hold,
    JobRun,
    Occurrence,
    OutboxEntry,
    ParentLink,
    Phase,
)
from formicary.domain.states import RequestState
from tests.contract.examples import NOW, SOME_HISTORY, a_full_run, a_run

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text("abc#%|:ü🐜 ", min_size=1, max_size=8)
numbers = st.integers(0, 10**6)
moments = st.integers(-(10**15), 4 * 10**15).map(lambda n: NOW + timedelta(microseconds=n))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
active_tasks = st.builds(
    ActiveTask,
    names,
    numbers,
    st.sampled_from(ActivityState),
    moments,
    numbers,
    numbers,
    numbers,
    numbers,
    st.none() | moments,
    text,
    text,
)
commands = st.one_of(
    st.builds(DispatchTask, names, numbers),
    st.builds(ForkJob, names, numbers, names),
    st.builds(StartTimer, st.sampled_from(TimerKind), moments, text, numbers),
    st.builds(CancelTask, names, numbers),
    st.builds(CancelChild, names),
    st.builds(ForkItems, names, numbers, numbers, names, numbers),
    st.builds(CancelItems, numbers, names, numbers, numbers),
    st.builds(NotifyParent),
    st.builds(AcquireSlots, numbers, st.booleans()),
    st.builds(ReleaseSlots, numbers),
    st.builds(PlanNext),
    st.builds(ReturnLease, names, numbers),
)
RUN_FIELDS = dict(  # noqa: C408 - reads as the constructor does
    tail=st.lists(st.sampled_from(SOME_HISTORY), max_size=3).map(tuple),
    tenant=names,
    request_id=names,
    execution_id=text,
    job_type=text,
    job_version=numbers,
    key=text,
    created_at=moments,
    scheduled_at=moments,
    state=st.sampled_from(RequestState),
    phase=st.sampled_from(Phase),
    version=numbers,
    marks=st.text(".qjlaCSFAX", max_size=40),
    origins=st.text("0123:;A", max_size=40),
    children=st.text(".rCFX", max_size=40),
    forks=st.text("0123456789", max_size=40),
    active=st.lists(active_tasks, max_size=4).map(lambda ts: {t.task_type: t for t in ts}),
    outbox=st.lists(st.builds(OutboxEntry, text, commands), max_size=4).map(tuple),
    params=st.dictionaries(text, json_values, max_size=4),
    context=st.dictionaries(text, text, max_size=4),
    outcome=st.none() | st.sampled_from(RequestState),
    failure=st.none() | st.builds(Failure, text, text, text, text, st.booleans(), numbers),
    fans=st.dictionaries(
        numbers, st.builds(Fan, numbers, text, numbers, numbers, numbers, numbers, numbers, text)
    ),
    parent=st.none() | st.builds(ParentLink, text, text, text, text, st.integers(-1, 9_999)),
    depth=numbers,
    occurrence=st.none()
    | st.builds(
        Occurrence, numbers, moments, st.lists(names, max_size=2).map(tuple), st.booleans()
    ),
    gates=st.lists(st.builds(Claim, names, numbers, numbers), max_size=3).map(tuple),
    stint=numbers,
    holds_slots=st.booleans(),
    definition_tenant=text,
    announces=text,
    user_id=text,
    user_key=text,
    description=text | st.just("d" * 999),
    platform=text,
    job_group=text,
    job_priority=st.integers(-9, 9),
    retried=numbers,
    job_retries=numbers,
    job_restarts=numbers,
    hold=st.sampled_from(Hold),
    holds=numbers,
    held_since=st.none() | moments,
    deadline=st.none() | moments,
    submitted_for=st.none() | moments,
    last_execution_id=text,
    exit_code=text,
    error_code=text,
    error_message=text | st.just("m" * 999),
    started_at=st.none() | moments,
    ended_at=st.none() | moments,
    updated_at=st.none() | moments,
)
runs = st.builds(JobRun, **RUN_FIELDS)


# No shrinking: a run has so many fields that it would outlast the test.
@settings(max_examples=60, deadline=None, phases=[Stage.explicit, Stage.generate])
@given(runs)
def test_every_run_comes_back_as_it_was(run):
    stored = unmarshal(marshal(encode_run(run)))

    assert decode_run(run.tenant, stored) == run


def test_the_stored_form_knows_every_field():
    assert set(RUN_FIELDS) == {field.name for field in dataclasses.fields(JobRun)}
    assert set(get_args(Command)) < set(STORED_ORDER)
    for kind, names_of_kind in STORED_ORDER.items():
        assert set(names_of_kind) == {field.name for field in dataclasses.fields(kind)}


@given(runs)
@settings(max_examples=20, deadline=None)
def test_every_run_can_be_listed(run):
    listed = listed_run(run.tenant, summary_of(run))

    assert (listed.request_id, listed.state, listed.key) == (run.request_id, run.state, "")
    assert summary_of(listed) == summary_of(run)


@given(st.text(".aCSFAX0123456789", max_size=60))
def test_folded_progress_is_never_longer_and_unfolds_to_itself(letters):
    assert unfold(fold(letters)) == letters
    assert len(fold(letters)) <= len(letters)


def test_a_thousand_tasks_in_a_row_take_a_few_letters():
    assert fold("C" * 500 + "a" + "." * 499) == "C{500}a.{499}"


@pytest.mark.parametrize("schema", [0, 2, None])
def test_a_run_stored_in_an_unknown_form_is_refused_in_plain_words(schema):
    stored = {**encode_run(a_run("t")), "schema": schema}

    with pytest.raises(FormicaryError, match="form"):
        decode_run("t", stored)


def test_progress_in_the_middle_of_a_job_leaves_the_summary_alone():
    run = a_run("t", state=RequestState.EXECUTING, started_at=NOW)
    later = replace(run, marks="Ca", context={"a": "b"}, updated_at=NOW + timedelta(seconds=9))

    assert summary_of(later) == summary_of(run)


def test_the_secret_key_is_not_in_the_summary():
    run = a_full_run("t")

    assert run.key not in str(summary_of(run))


def test_the_head_of_a_typical_run_costs_one_write_unit():
    ulid = "01KAR6Z7Q2M4N8P0R2T4V6X8Z0"
    run = a_run(
        "default",
        ulid,
        execution_id="01KAR6Z7Q3M4N8P0R2T4V6X8Z0",
        job_type="video-encoding",
        key="k" * 32,
        state=RequestState.EXECUTING,
        phase=Phase.WALKING,
        started_at=NOW,
        updated_at=NOW,
        user_id="admin",
        marks="C" * 20 + "a" + "." * 19,
        children="." * 40,
        forks="0" * 40,
        active={"encode-1": ActiveTask("encode-1", 1, ActivityState.DISPATCHED, NOW)},
        outbox=(OutboxEntry("TaskFinished:split:1", DispatchTask("encode-1", 1)),),
        params={"InputFile": "movie.mp4", "OutputFile": "movie-out.mp4"},
        context={"Frames": "12000"},
    )
    keys = {"pk": f"T#default#R#{ulid}", "sk": "RUN", "gsi1pk": "T#default#RUNS", "gsi1sk": ulid}

    assert item_size(marshal({**keys, **encode_run(run)})) < 1024
