import re
from pathlib import Path

import pytest

from formicary.domain.parsed_job import parse_job

EXAMPLES = Path(__file__).parents[3] / "examples"
FILES = sorted(EXAMPLES.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_example_is_a_valid_definition(file):
    assert parse_job(file.read_bytes()).definition.tasks


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_example_says_how_to_run_it(file):
    comment = file.read_text().split("job_type:")[0]

    assert f"formicary job run {parse_job(file.read_bytes()).definition.job_type}" in comment


def test_what_the_examples_fork_is_among_them():
    texts = [file.read_text() for file in FILES]
    forked = {name for text in texts for name in re.findall(r"fork_job_type: (\S+)", text)}

    assert forked <= {parse_job(text).definition.job_type for text in texts}
