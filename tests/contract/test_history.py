"""Contract of RunRepository: the history of a run, and what was refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.events import BatchDue, CancelDue, CancelRequested, Event
from formicary.domain.history import HistoryEntry, HistoryNote
from formicary.domain.states import RequestState
from formicary.domain.wishes import Verb, Wish
from tests.contract.examples import NOW, SOME_HISTORY, a_run, an_attempt


def test_every_kind_of_event_is_among_the_examples():
    beside_the_run = {BatchDue, CancelDue}
    recorded = set(get_args(Event)) - beside_the_run
    assert {type(entry.event) for entry in SOME_HISTORY} == recorded


def test_entries_come_by_version_from_wherever_they_were_put(runs, tenant):
    runs.create(a_run(tenant, tail=SOME_HISTORY[10:]))
    runs.put_history(tenant, "r1", SOME_HISTORY[5:10])
    runs.put_attempt(tenant, an_attempt(), 6, SOME_HISTORY[:5])

    assert tuple(runs.history(tenant, "r1")) == SOME_HISTORY


def test_an_entry_that_is_in_two_places_comes_once(runs, tenant):
    runs.create(a_run(tenant, tail=SOME_HISTORY[:3]))
    runs.put_history(tenant, "r1", SOME_HISTORY[:2])
    runs.put_history(tenant, "r1", SOME_HISTORY[:2])

    assert tuple(runs.history(tenant, "r1")) == SOME_HISTORY[:3]


def test_a_run_without_history_has_none(runs, tenant):
    assert list(runs.history(tenant, "nobody")) == []
    assert list(runs.notes(tenant, "nobody")) == []
    assert list(runs.archived(tenant, "nobody")) == []


def test_an_outcome_decided_on_an_earlier_state_does_not_overwrite_a_later_one(runs, tenant):
    runs.put_attempt(tenant, an_attempt(exit_code="7"), 5, SOME_HISTORY[:2])

    with pytest.raises(ConcurrentUpdateError):
        runs.put_attempt(tenant, an_attempt(exit_code="8"), 4)
    runs.put_attempt(tenant, an_attempt(exit_code="9"), 5, SOME_HISTORY[:2])

    assert [a.exit_code for a in runs.attempts(tenant, "r1", "e1")] == ["9"]


def test_of_a_reported_and_an_assumed_outcome_the_one_in_history_counts(runs, tenant):
    reported = an_attempt(ended_at=NOW)
    assumed = an_attempt(
        status=RequestState.CANCELLED, assumed=True, ended_at=NOW + timedelta(seconds=1)
    )
    runs.put_attempt(tenant, reported, 5)
    runs.put_attempt(tenant, assumed, 5)
    cancelled = HistoryEntry(6, assumed.ended_at, CancelRequested("enough"))
    runs.create(a_run(tenant, tail=(cancelled,)))

    assert list(runs.attempts(tenant, "r1", "e1")) == [assumed]


def test_a_withdrawn_outcome_is_gone_but_not_what_it_carried(runs, tenant):
    attempt = an_attempt()
    runs.put_attempt(tenant, attempt, 5, SOME_HISTORY[:2])

    runs.withdraw_attempt(tenant, attempt)
    runs.withdraw_attempt(tenant, attempt)

    assert list(runs.attempts(tenant, "r1", "e1")) == []
    assert tuple(runs.history(tenant, "r1")) == SOME_HISTORY[:2]


def test_the_same_refusal_is_one_note(runs, tenant):
    note = HistoryNote(NOW, "refused", "cancel", "it has ended", by="joe")
    later = replace(note, at=NOW + timedelta(seconds=1))
    forged = HistoryNote(NOW, "forged", "TaskFinished", "no proof", "encode:1", "ant-1")
    for one in (note, forged, later):
        runs.put_note(tenant, "r1", one)

    assert sorted(runs.notes(tenant, "r1"), key=lambda n: n.verdict) == [forged, later]


def a_wish(verb=Verb.CANCEL, **fields):
    return Wish(verb, NOW, **fields)


def test_what_is_asked_first_stays_until_it_is_replaced(runs, tenant):
    cancel = a_wish(fence="start 0", by="ann")
    pause = a_wish(Verb.PAUSE, options="now", fence="hold 0", by="joe / ä")
    restart = a_wish(Verb.RESTART, options="x" * 9000, fence="e1")

    assert runs.note_wish(tenant, "r1", cancel, None) is None
    assert runs.note_wish(tenant, "r1", pause, None) == cancel
    assert runs.note_wish(tenant, "r1", pause, restart) == cancel
    assert runs.note_wish(tenant, "r1", pause, cancel) is None
    assert runs.note_wish(tenant, "r1", cancel, cancel) == pause
    assert runs.note_wish(tenant, "r1", restart, pause) is None
    assert runs.note_wish(tenant, "r1", cancel, restart) is None


def test_a_wish_that_is_gone_is_replaced_like_none(runs, tenant):
    cancel, pause = a_wish(), a_wish(Verb.PAUSE)

    assert runs.note_wish(tenant, "r1", cancel, pause) is None
    assert runs.note_wish(tenant, "r1", pause, None) == cancel


def test_wishes_are_those_of_a_run_of_a_tenant(runs, tenant):
    cancel, pause = a_wish(), a_wish(Verb.PAUSE)

    assert runs.note_wish(tenant, "r1", cancel, None) is None
    assert runs.note_wish(tenant, "r2", pause, None) is None
    assert runs.note_wish(f"{tenant}x", "r1", pause, None) is None


def test_a_wish_is_no_part_of_the_history(runs, tenant):
    runs.note_wish(tenant, "r1", a_wish(), None)

    assert list(runs.history(tenant, "r1")) == []
    assert list(runs.notes(tenant, "r1")) == []
    assert runs.find(tenant, "r1") is None


def test_of_many_that_ask_at_once_one_is_noted(tables, runs, tenant):
    if tables.threads == 1:
        pytest.skip("moto keeps its tables in dicts without a lock: threads prove nothing there")
    wishes = [a_wish(Verb.PAUSE, by=f"user {number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda wish: runs.note_wish(tenant, "r1", wish, None), wishes))

    assert answers.count(None) == 1
    winner = wishes[answers.index(None)]
    assert {answer for answer in answers if answer} == {winner}


def test_earlier_executions_come_in_their_order(runs, tenant):
    runs.create(a_run(tenant))
    for number in (2, 0, 1):
        run = a_run(tenant, execution_id=f"e{9 - number}", retried=number)
        runs.archive_execution(run)

    assert [run.retried for run in runs.archived(tenant, "r1")] == [0, 1, 2]
