"""Writes the golden file by Go: `python -m tests.golden.templates.write RENDER`.

RENDER is what `go build -o RENDER main.go` makes; the file was written by Go 1.19.8 of Debian 12.

The cases written by hand come first, then generated ones; nothing is random but by their seed.
"""

import json
import subprocess
import sys
from collections.abc import Iterator

from tests.golden.templates.by_hand import CASES
from tests.golden.templates.generator import Generator
from tests.golden.templates.golden import GOLDEN

SEED = 20261124
GENERATED = 3000
LONGEST = 400


def all_cases() -> Iterator[dict[str, str]]:
    """Yield the cases by hand, then as many generated ones that are short enough to be read."""
    for text, data in CASES:
        yield {"text": text, "data": data if isinstance(data, str) else json.dumps(data)}
    generator, left = Generator(SEED), GENERATED
    while left:
        case = generator.case()
        if len(case["text"]) <= LONGEST:
            yield case
            left -= 1


def main(program: str) -> None:
    """Have Go answer each case."""
    lines = "".join(f"{json.dumps(case)}\n" for case in all_cases())
    run = subprocess.run([program], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    GOLDEN.write_text("".join(_without_repeats(run.stdout.decode().splitlines())))


def _without_repeats(results: list[str]) -> Iterator[str]:
    """Leave out data that are those of the case before."""
    before = None
    for line in results:
        found = json.loads(line)
        data = found["data"]
        if data == before:
            del found["data"]
        before = data
        yield json.dumps(found, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main(sys.argv[1])
