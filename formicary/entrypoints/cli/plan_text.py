"""A plan for people: what is missing, the ways, the graph, who is needed, the tasks rendered."""

from collections.abc import Iterator
from typing import Any

import yaml
from rich.console import RenderableType
from rich.text import Text

from formicary.domain.paths import ALWAYS, COMPLETED, Path
from formicary.entrypoints.cli.forecast import Forecast
from formicary.entrypoints.cli.graph_text import definition_text
from formicary.entrypoints.cli.output import cell, seconds, show, table
from formicary.service_layer.plan_job import Plan, PlannedTask


def show_plan(plan: Plan, forecast: Forecast | None) -> None:
    """Print a plan."""
    show(*_parts(plan, forecast))


def _parts(plan: Plan, forecast: Forecast | None) -> Iterator[RenderableType]:
    count = "1 task" if len(plan.tasks) == 1 else f"{len(plan.tasks)} tasks"
    yield cell(f"{plan.job_type}: {count}", "bold")
    for name in plan.missing_params:
        yield cell(f"missing: the job needs the param {name} (-p {name}=...)", "red")
    for name in plan.refused_params:
        yield cell(f"refused: {name} is a built-in variable, and no param may set it", "red")
    yield from _headed("graph", definition_text([task.to_json() for task in plan.tasks]))
    yield from _headed(_count(plan), *(_path(n, p) for n, p in enumerate(plan.paths, 1)))
    yield from _headed("needs", _needs(plan, forecast))
    if forecast:
        yield from _headed("expected", *_expected(forecast))
    yield from _headed("tasks as they would be sent")
    for task in plan.tasks:
        yield from _task(task)


def _headed(head: str, *parts: RenderableType) -> Iterator[RenderableType]:
    yield ""
    yield cell(head, "bold")
    yield from parts


def _count(plan: Plan) -> str:
    if not plan.more_paths:
        return f"paths ({len(plan.paths)})"
    more = f"at least {plan.more_paths}" if plan.uncounted else str(plan.more_paths)
    return f"paths (the first {len(plan.paths)}; {more} more)"


def _path(number: int, path: Path) -> Text:
    words = []
    for step in path.steps:
        shown = "" if step.outcome == COMPLETED else f" [{_outcome(step.outcome)}]"
        words.append(f"{step.task}{shown}")
    end = f"{path.end} {path.error_code}".strip()
    return cell(f"{number:>3}. {' → '.join(words)} → {end}")


def _outcome(outcome: str) -> str:
    if outcome == ALWAYS:
        return "always runs"
    is_word = outcome.isalpha() and outcome.islower()
    return outcome if is_word else f"exit {outcome}"


def _needs(plan: Plan, forecast: Forecast | None) -> RenderableType:
    needs = plan.needs()
    if not needs:
        return cell("no ant: the control plane does all of it")
    if forecast is None:
        rows = [(k.method, ", ".join(k.tags), ", ".join(names)) for k, names in needs.items()]
        return table(("METHOD", "TAGS", "TASKS"), rows)
    fits = [
        (fit.method, ", ".join(fit.tags), ", ".join(fit.tasks), ", ".join(fit.ants) or fit.hint)
        for fit in forecast.fits
    ]
    return table(("METHOD", "TAGS", "TASKS", "WHO TAKES IT"), fits)


def _expected(found: Forecast) -> Iterator[Text]:
    if found.seconds is None:
        yield cell("time: unknown, no run of this job type has completed yet")
    else:
        runs = "the latest completed run" if found.runs == 1 else f"{found.runs} completed runs"
        yield cell(f"time: {seconds(found.seconds)} (median of {runs})")
    if found.cost_seconds is None:
        yield cell("cost: unknown, no task has both a cost_factor and completed runs")
    else:
        yield cell(f"cost: {found.cost_seconds:.1f} (seconds times cost_factor)")
    if found.control_plane_dollars is not None:
        dollars = f"${found.control_plane_dollars:.6f}"
        yield cell(
            f"control plane on AWS: at most {dollars} for the longest path shown, no retries"
        )


def _task(task: PlannedTask) -> Iterator[RenderableType]:
    yield ""
    yield cell(f"{task.name}{' (skipped)' if task.skipped else ''}", "bold")
    if task.fault:
        yield cell(f"cannot be rendered: {task.fault}", "red")
        return
    for warning in task.warnings:
        yield cell(f"warning: {warning}, unless an earlier task leaves it", "yellow")
    told: dict[str, Any] = task.to_json()
    for name in ("task_type", "warnings", "fault"):
        told.pop(name)
    text = yaml.dump(told, Dumper=_ScriptDumper, sort_keys=False, allow_unicode=True, width=100)
    yield cell("".join(f"  {line}\n" for line in text.splitlines()).rstrip())


class _ScriptDumper(yaml.SafeDumper):
    """Writes texts of several lines as they would be written by hand."""


def _script(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_ScriptDumper.add_representer(str, _script)
