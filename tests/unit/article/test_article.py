"""Every definition that the article prints uploads as it is printed, and means what it says.

The article is not part of this repository. Its text is taken from the file that FORMICARY_ARTICLE
names, or from `../shared/seed.txt` beside the checkout; without it the tests are skipped, and
`test_article_forms.py` has definitions of our own in the same forms.
"""

import os
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from formicary.domain.document_forms import keys_of
from formicary.domain.job_definition import JobDefinition
from formicary.domain.parsed_job import ParsedJob, parse_job
from formicary.domain.task_definition import TaskDefinition
from tests.unit.article.extract import Block, blocks_of, params_of
from tests.unit.lambdas.api_play import ApiPlay

BESIDE = Path(__file__).parents[4] / "shared" / "seed.txt"
ARTICLE = Path(os.environ.get("FORMICARY_ARTICLE", BESIDE))  # noqa: TID251
REASON = f"the text of the article is not here: {ARTICLE} (FORMICARY_ARTICLE names it)"
BLOCKS = blocks_of(ARTICLE) if ARTICLE.is_file() else []
WHOLE = [block for block in BLOCKS if block.text.lstrip().startswith("job_type:")]
WHOLE = [block for block in WHOLE if block.section[0] in "67"]
needs_article = pytest.mark.skipif(not BLOCKS, reason=REASON)

PIPE = ("extract", "transform", "load")
# The graphs as the text draws or tells them: ways through the tasks.
GRAPHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "video-encoding": (("validate", "download", "encode"),),
    "parallel-video-encoding": (
        ("validate", "download", "split", "fork-encode1", "fork-encode2", "fork-await", "combine"),
    ),
    "go-build-ci": (("build", "test", "deploy"),),
    "etl-stock-job": (PIPE,),
    "trivy-scan-job": (("scan",),),
    "kube-example1": (("k8-task",),),
    "kube-example2": (("kubby",),),
    "taco-job": (
        ("allocate", "check-date", "deallocate"),
        ("check-date", "monday", "deallocate"),
        ("check-date", "tuesday", "taco-tuesday", "deallocate"),
        ("check-date", "friday", "party", "deallocate"),
    ),
    "dind-tls-job": (("build",),),
    "sensor-job": (("first", "second", "third"),),
    "io.formicary.stock-plugin": (PIPE,),
    "http-job": (("get", "post", "put", "delete"),),
    "web-job": (("process",),),
}
# Fields by bullets of 5.1; the bullet for routes by exit code prints the right key below it.
KEYS = {"on_exit": "on_exit_code", "EXPIRE_ARTIFACTS": "method", "MESSAGING": "method"}
LENIENCES: dict[str, re.Pattern[str]] = {
    "template without quotes": re.compile(r"^[^'\"#]*: *\{\{", re.MULTILINE),
    "control lines": re.compile(r"^ *\{ ?\{ *(if|else|end).*\} ?\} *$", re.MULTILINE),
    "spaced braces": re.compile(r"^ *\{ \{", re.MULTILINE),
    "dashes of the typesetter": re.compile(r"^ *\u2013 ", re.MULTILINE),
    "words without dashes": re.compile(r"^required_params:\n\w", re.MULTILINE),
    "keys without indentation": re.compile(
        r"^(?:job_variables|environment|variables|webhook|notify|cache|artifacts|services"
        r"|on_exit_code):\n\S|^- task_type: .*\n[a-z]|^ *- service_account_token:\n +path:",
        re.MULTILINE,
    ),
}


def names(blocks: list[Block]) -> list[str]:
    return [block.name for block in blocks]


def edges_of(parsed: ParsedJob) -> set[tuple[str, str]]:
    tasks = {task.task_type for task in parsed.definition.tasks}
    return {
        (name, route.target)
        for name in tasks
        for route in parsed.routes(name)
        if route.target in tasks
    }


def strictly_readable(text: str) -> bool:
    """Whether plain YAML and the models take the text without any lenience."""
    try:
        JobDefinition.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError):
        return False
    return True


def leniences_of(block: Block) -> list[str]:
    if strictly_readable(block.as_job()):
        return []
    found = [name for name, sign in LENIENCES.items() if sign.search(block.text)]
    return found or ["words for another type"]


@needs_article
def test_the_article_was_read_whole() -> None:
    bullets = {KEYS.get(block.field, block.field) for block in BLOCKS if block.field}

    assert len(BLOCKS) >= 55
    assert bullets <= keys_of(JobDefinition) | keys_of(TaskDefinition)
    assert len(bullets) >= 34
    shown = {re.search(r"job_type: (\S+)", block.text)[1] for block in WHOLE}
    assert set(GRAPHS) <= shown


@pytest.mark.parametrize("block", BLOCKS, ids=names(BLOCKS))
@needs_article
def test_a_block_uploads_as_it_is_printed(block: Block) -> None:
    answer = ApiPlay().define(block.as_job())

    assert answer.status == 201, answer.json
    document = answer.json
    if block.field:
        assert KEYS.get(block.field, block.field) in {**document, **document["tasks"][0]}


@pytest.mark.parametrize("block", WHOLE, ids=names(WHOLE))
@needs_article
def test_its_graph_is_the_one_of_the_text(block: Block) -> None:
    parsed = parse_job(block.as_job())
    ways = GRAPHS.get(parsed.definition.job_type, ())

    assert edges_of(parsed) == {edge for way in ways for edge in pairwise(way)}
    if ways:
        assert {t.task_type for t in parsed.definition.tasks} == {t for way in ways for t in way}
        assert parsed.start_tasks == (ways[0][0],)


@pytest.mark.parametrize("block", WHOLE, ids=names(WHOLE))
@needs_article
def test_its_tasks_render_with_the_params_of_its_call(block: Block) -> None:
    parsed = parse_job(block.as_job())
    params = params_of(ARTICLE).get(parsed.definition.job_type, {})
    variables = {**_FROM_ELSEWHERE, **parsed.definition.job_variables, **params}

    for task in parsed.definition.tasks:
        rendered = parsed.render_task(task.task_type, variables)

        assert rendered.warnings == ()
        assert "{{" not in rendered.task.model_dump_json()


# What is no param of a call: configs, built-ins, results of earlier tasks.
_FROM_ELSEWHERE: dict[str, Any] = {
    "GithubToken": "t0ken",
    "split_ArtifactURL_1": "https://example.org/1",
    "split_ArtifactURL_2": "https://example.org/2",
    "JobElapsedSecs": 1,
    "Nonce": 7,
    "ExitCode": 2,
    "Symbol": "AAPL",
}


@needs_article
def test_each_needed_lenience_is_one_that_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    needed = {block.name: leniences_of(block) for block in BLOCKS}
    with capsys.disabled():
        if os.environ.get("FORMICARY_ARTICLE_REPORT"):  # noqa: TID251
            for name, words in needed.items():
                sys.stdout.write(f"{name}: {', '.join(words) or 'none'}\n")

    assert {word for words in needed.values() for word in words} == set(LENIENCES)
    assert sum(1 for words in needed.values() if not words) >= 25
