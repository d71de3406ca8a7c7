"""Definitions that are right, as data and as text, and texts that are near to being definitions.

`definitions()` gives structures by the article's names, `texts()` the same as YAML in the forms
that people write, `near_texts()` such texts with something done to them.
"""

import json
import re
from typing import Any

import yaml
from hypothesis import strategies as st

Structure = dict[str, Any]
_WORDS = st.text("abcxyzABC0123456789_", min_size=1, max_size=8)
_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)
# Control characters are not allowed in YAML; private ones and braces have tests of their own.
_CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ue000\ue001\ue002\ufffe\uffff{}"
)
_VALUES = st.one_of(
    st.text(_CHARACTERS, max_size=20),
    st.integers(-(10**9), 10**9),
    st.booleans(),
    st.sampled_from(["on", "yes", "null", "~", "1e3", "0x1f", "01234", "- x", "a: b", "#c"]),
)
_TEMPLATES = st.sampled_from(
    [
        "{{.Name}}",
        "{{ .a.b }}",
        '{{if eq .Name "x"}}one{{else}}two{{end}}',
        "{{range $i := Iterate 2}}{{$i}}{{end}}",
        "before {{.Name | upper}} after",
        '{{index . "a-b"}}',
        "{{/* nothing */}}",
    ]
)
_TEXTS = st.one_of(_VALUES.map(str), _TEMPLATES).filter(lambda text: text.strip() != "")
_DURATIONS = st.one_of(
    st.integers(0, 10**6), st.sampled_from(["1h30m", "10s", "500ms", "2m", "1.5h", "{{.T}}"])
)
_COUNTS = st.one_of(st.integers(0, 10**6), st.just("{{.N}}"))
_SIZES = st.sampled_from(["1Gi", "512Mi", "500m", "128", "{{.Memory}}"])
_CPUS = st.sampled_from(["500m", "1", "0.5", "{{.Cpus}}"])
_TRUTHS = st.sampled_from([True, False, "{{.Truth}}"])
_CODES = st.integers(1, 60)
_ERRORS = st.sampled_from(["FAILED", "COMPLETED", "FATAL", "EXECUTING", "RESTART_TASK", "ERR_MINE"])
_MAPS = st.dictionaries(_WORDS, _TEXTS, max_size=3)
_MOUNTS = st.fixed_dictionaries(
    {"name": _NAMES, "mount_path": st.just("/mnt")}, optional={"read_only": _TRUTHS}
)
_VOLUMES = st.fixed_dictionaries(
    {},
    optional={
        "pvc": st.lists(_MOUNTS, max_size=2),
        "empty_dir": st.lists(_MOUNTS, max_size=2),
        "secret": st.lists(_MOUNTS, max_size=2),
    },
)
_CONTAINERS = st.fixed_dictionaries(
    {"image": _NAMES},
    optional={"memory_limit": _SIZES, "cpu_limit": _CPUS, "volumes": _VOLUMES},
)
_PORTS = st.fixed_dictionaries({"number": st.integers(1, 65_535)}, optional={"name": _NAMES})
_SERVICES = st.fixed_dictionaries(
    {"name": _NAMES, "image": _NAMES}, optional={"ports": st.lists(_PORTS, max_size=2)}
)
_TASK_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "description": _TEXTS,
    "allow_failure": _TRUTHS,
    "timeout": _DURATIONS,
    "retry": _COUNTS,
    "delay_between_retries": _DURATIONS,
    "except": st.sampled_from(["false", '{{if ne .Branch "main"}} true {{end}}']),
    "tags": st.lists(_WORDS, max_size=3),
    "variables": st.dictionaries(_WORDS, st.one_of(_VALUES, _TEMPLATES), max_size=3),
    "environment": _MAPS,
    "before_script": st.lists(_TEXTS, max_size=2),
    "after_script": st.lists(_TEXTS, max_size=2),
    "artifacts": st.fixed_dictionaries(
        {"paths": st.lists(_WORDS, min_size=1, max_size=2)},
        optional={"when": st.sampled_from(["always", "onSuccess", "onFailure"])},
    ),
    "cache": st.fixed_dictionaries({"paths": st.lists(_WORDS, min_size=1, max_size=2)}),
    "container": _CONTAINERS,
    "services": st.lists(_SERVICES, max_size=2),
    "headers": _MAPS,
    "privileged": _TRUTHS,
}
_JOB_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "description": _TEXTS,
    "max_concurrency": st.integers(0, 100),
    "timeout": _DURATIONS,
    "retry": _COUNTS,
    "required_params": st.lists(_WORDS, max_size=3),
    "job_variables": st.dictionaries(_WORDS, _VALUES, max_size=3),
    "cron_trigger": st.sampled_from(["0 * * * *", "0 * * * * * *", "@hourly"]),
    "skip_if": st.just('{{if ne .Branch "main"}} true {{end}}'),
    "sem_version": st.sampled_from(["1.0", "1.10", "1.2.5", "1.0-dev"]),
}


_TASKS = st.one_of(
    st.fixed_dictionaries(kind, optional=_TASK_FIELDS)
    for kind in (
        {"method": st.just("SHELL"), "script": st.lists(_TEXTS, min_size=1, max_size=3)},
        {"method": st.just("HTTP_GET"), "url": st.just("https://example.org/{{.Path}}")},
    )
)
_HEADS = st.fixed_dictionaries({"job_type": _NAMES}, optional=_JOB_FIELDS)


@st.composite
def definitions(draw: st.DrawFn, tasks: int = 5) -> Structure:
    """Draw the structure of a job: every task can be reached from the first, none in a circle."""
    names = draw(st.lists(_NAMES, min_size=1, max_size=tasks, unique=True))
    made = [{"task_type": name, **draw(_TASKS)} for name in names]
    for place, task in enumerate(made[1:], start=1):
        _lead_to(draw, made[draw(st.integers(0, place - 1))], task["task_type"])
    order = draw(st.permutations(range(len(made))))
    return {**draw(_HEADS), "tasks": [made[place] for place in order]}


def _lead_to(draw: st.DrawFn, task: Structure, target: str) -> None:
    routes = task.setdefault("on_exit_code", {})
    if "on_completed" not in task and draw(st.booleans()):
        task["on_completed"] = target
    elif "on_failed" not in task and draw(st.booleans()):
        task["on_failed"] = [target]
    else:
        routes[str(draw(_CODES) + 100 * len(routes))] = target
    if draw(st.booleans()):
        routes.setdefault("77", draw(_ERRORS))
    if not routes:
        del task["on_exit_code"]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draw a definition as text: YAML in several styles, or JSON."""
    structure = draw(definitions())
    if draw(st.booleans()):
        return json.dumps(
            structure, ensure_ascii=draw(st.booleans()), indent=draw(st.none() | st.just(1))
        )
    return to_yaml(
        structure,
        allow_unicode=draw(st.booleans()),
        default_flow_style=draw(st.sampled_from([True, False, None])),
        sort_keys=draw(st.booleans()),
        width=draw(st.sampled_from([40, 10_000])),
    )


class _Dumper(yaml.SafeDumper):
    """Puts quotes around every text that YAML 1.1 and 1.2 could take for different things."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        simple = _SIMPLE.fullmatch(text)
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if simple else '"')


_SIMPLE = re.compile(r"[a-z_]{3,}(-[a-z]+)*")
_Dumper.add_representer(str, _Dumper.represent_text)


def to_yaml(structure: Structure, **style: Any) -> str:
    """Write a structure as YAML that means the same to every reader."""
    return yaml.dump(structure, Dumper=_Dumper, **style)


_FRAGMENTS = st.sampled_from(
    [
        *("{{", "}}", "{{end}}", "{{else}}", "{{if .A}}", "{{range .A}}", "{ { end } }"),
        *("{{$x := 1}}", "\n", "  ", "\t", "- ", ": ", ":", "#", "'", '"', "|", ">", "&a", "*a"),
        *("!!binary ", "<<: ", "tasks:", "task_type: x", "\ufeff", "\u2028", "\x00", "\r"),
        *("\u2013 ", "[", "]", "{", "}", "\ue000", "\ue001", "\ue002", "---\n", "...\n"),
        *("%YAML 1.1\n", "? ", "null"),
    ]
)


@st.composite
def near_texts(draw: st.DrawFn) -> str:
    """Draw a text that was a definition, until pieces were put in, cut out or doubled."""
    text = draw(texts())
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 20)))
        piece = draw(st.one_of(_FRAGMENTS, st.just(""), st.just(text[start:end] * 2)))
        text = text[:start] + piece + text[end:]
    return text
