"""Our templates against what Go's text/template gave for the same text and data, byte for byte.

Go is not needed here: its answers are kept (tests/golden/templates/write.py makes them anew).
"""

import pytest

from tests.golden.templates.golden import Answer, Case, cases, our_answer
from tests.golden.templates.write import all_cases

GOLDEN = list(cases())


def _batches(size: int) -> list[list[Case]]:
    return [GOLDEN[start : start + size] for start in range(0, len(GOLDEN), size)]


def _told(case: Case, answer: Answer) -> str:
    return f"{case.text!r} with {case.data}: Go {case.expected} {case.said}, we {answer}"


def test_the_golden_file_holds_what_the_cases_ask() -> None:
    asked = [(case["text"], case["data"]) for case in all_cases()]

    assert asked == [(case.text, case.data) for case in GOLDEN]
    assert len(asked) > 3000


@pytest.mark.parametrize("batch", _batches(250), ids=lambda batch: batch[0].text[:30])
def test_templates_give_what_go_gives(batch: list[Case]) -> None:
    for case in batch:
        answer = our_answer(case.text, case.data)

        assert answer[:2] == case.expected[:2], _told(case, answer)


def test_a_fault_of_execution_is_on_the_line_that_go_names() -> None:
    for case in GOLDEN:
        if case.expected.fault == "exec":
            answer = our_answer(case.text, case.data)

            assert answer.line == case.expected.line, _told(case, answer)
