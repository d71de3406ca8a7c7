"""What a letter about a run is written from, and the letter."""

from dataclasses import dataclass

from formicary.domain.states import RequestState


@dataclass(frozen=True, slots=True)
class Story:
    """How a run ended, as people are told. `fixed`: the first success after a failure."""

    job_type: str
    request_id: str
    state: RequestState
    fixed: bool = False
    description: str = ""
    user_id: str = ""
    task_type: str = ""
    exit_code: str = ""
    error_code: str = ""
    error_message: str = ""
    started_at: str = ""
    ended_at: str = ""
    duration: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A subject of one line, the same words plain and as HTML, and short for a chat."""

    subject: str
    text: str
    html: str
    chat: str
