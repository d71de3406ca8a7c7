"""The outbox: what of it stays."""

from datetime import UTC, datetime

from formicary.domain.commands import DispatchTask, PlanNext, ReturnLease
from formicary.domain.job_run import JobRun, OutboxEntry
from formicary.domain.outbox import MAX_RETURNS, caused_by, next_outbox

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_only_the_newest_returns_of_leases_are_kept() -> None:
    run = JobRun("acme", "r1", "e1", "job", 1, "key", NOW, NOW)
    run = run.evolve(outbox=next_outbox(run, "first", [PlanNext()]))
    for number in range(1000):
        outbox = next_outbox(run, f"end {number}", [ReturnLease(f"t{number}", 1)])
        run = run.evolve(outbox=outbox)

    assert run.outbox[0].command == PlanNext()
    kept = [entry.command for entry in run.outbox[1:]]
    assert kept == [ReturnLease(f"t{number}", 1) for number in range(1000 - MAX_RETURNS, 1000)]


def test_an_event_that_comes_again_returns_the_lease_that_its_function_took_too_late() -> None:
    run = JobRun("acme", "r1", "e1", "job", 1, "key", NOW, NOW)
    began = [OutboxEntry("earlier", DispatchTask("other", 1))]
    run = run.evolve(outbox=(*began, OutboxEntry("began", DispatchTask("work", 1))))
    run = run.evolve(outbox=next_outbox(run, "cancel", [ReturnLease("work", 1)]))

    assert caused_by(run, "began") == (ReturnLease("work", 1),)
    assert caused_by(run, "cancel") == (ReturnLease("work", 1),)
    assert caused_by(run, "earlier") == ()
