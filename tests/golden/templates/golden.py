"""What Go says of a case, and what we say: the same, or a difference."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from formicary.domain.templating import Dialect, Evaluation, TemplateError, parse_template
from formicary.domain.templating.json_data import read_json
from formicary.domain.templating.values import joined, to_bytes

GOLDEN = Path(__file__).parent / "golden.jsonl"


class Answer(NamedTuple):
    """The bytes that were written, and which step failed on which line."""

    output: bytes
    fault: str = ""
    line: int = 0


class Case(NamedTuple):
    """A template, its data, and Go's answer."""

    text: str
    data: str
    expected: Answer
    said: str = ""


def cases(path: Path = GOLDEN) -> Iterator[Case]:
    """Yield the cases of a file; one without data has those of the case before."""
    data = ""
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            found = json.loads(line)
            data = found.get("data", data)
            raw = bytes.fromhex(found.get("output_hex", "")) or found["output"].encode()
            answer = Answer(raw, found.get("fault", ""), found.get("line", 0))
            yield Case(found["text"], data, answer, found.get("said", ""))


def our_answer(text: str, data: str) -> Answer:
    """Render a case by ourselves."""
    value = read_json(data.encode())
    try:
        template = parse_template(text, Dialect.GO)
    except TemplateError as error:
        return Answer(b"", "parse", error.line)
    out: list[str] = []
    try:
        Evaluation(value, Dialect.GO).write(template, out)
    except TemplateError as error:
        return Answer(to_bytes(joined(out)), "exec", error.line)
    return Answer(to_bytes(joined(out)))
