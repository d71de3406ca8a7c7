"""Letters: what people read, and what does no harm in it."""

import dataclasses

from formicary.adapters.letters.jinja_writer import MAX_SUBJECT, JinjaLetterWriter
from formicary.domain.letter import Story
from formicary.domain.states import RequestState

FAILED = Story(
    job_type="nightly",
    request_id="01ABC",
    state=RequestState.FAILED,
    task_type="load",
    exit_code="3",
    error_code="ERR_TASK_EXECUTE",
    error_message="no space\nleft",
    started_at="2026-11-24T10:00:00.000Z",
    ended_at="2026-11-24T10:01:05.000Z",
    duration="1 m 5 s",
    user_id="ann",
    link="https://formicary.example.org/api/jobs/requests/01ABC",
)


def letter(**changes):
    return JinjaLetterWriter().write(dataclasses.replace(FAILED, **changes))


def test_a_failure_in_full():
    written = letter()

    assert written.subject == "nightly FAILED (ERR_TASK_EXECUTE)"
    assert written.text == (
        "The job nightly has ended as FAILED.\n"
        "\n"
        "Request:  01ABC\n"
        "Task:     load\n"
        "Error:    ERR_TASK_EXECUTE\n"
        "Exit:     3\n"
        "Message:  no space\nleft\n"
        "Started:  2026-11-24T10:00:00.000Z\n"
        "Ended:    2026-11-24T10:01:05.000Z\n"
        "Took:     1 m 5 s\n"
        "User:     ann\n"
        "\n"
        "https://formicary.example.org/api/jobs/requests/01ABC\n"
        "\n"
        "formicary run show 01ABC\n"
    )
    assert written.chat.startswith(":x: *nightly* FAILED after 1 m 5 s\n")
    assert "task load: ERR_TASK_EXECUTE no space" in written.chat


def test_a_fixed_job_says_so_everywhere():
    written = letter(state=RequestState.COMPLETED, fixed=True, error_code="", error_message="")

    assert written.subject == "Fixed: nightly COMPLETED"
    assert "the run before it had FAILED" in written.text
    assert "the run before it had FAILED" in written.html
    assert ":white_check_mark: Fixed: *nightly* COMPLETED" in written.chat


def test_html_and_chat_escape_what_a_job_says():
    written = letter(error_message='<script>alert("x")</script> & <!channel> {{ 7 * 7 }}')

    assert "<script>" not in written.html
    assert "&lt;script&gt;" in written.html
    assert "<!channel>" not in written.chat
    assert "{{ 7 * 7 }}" in written.text


def test_a_subject_is_one_short_line():
    written = letter(job_type="a\r\nBcc: everybody@example.org " + "x" * 500)

    assert "\n" not in written.subject
    assert "\r" not in written.subject
    assert len(written.subject) == MAX_SUBJECT
