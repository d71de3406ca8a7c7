"""The colours of the states in every picture of a graph."""

STATE_FILLS = {
    "COMPLETED": "#b7e1c1",
    "FAILED": "#f5b7b1",
    "EXECUTING": "#aed6f1",
    "READY": "#d6eaf8",
    "PAUSED": "#fdebd0",
    "CANCELLED": "#d7bde2",
    "SKIPPED": "#e8f6ec",
}
PLAIN_FILL = "#ffffff"
NOT_RUN_FILL = "#eceff1"
TAKEN = "#1b4f72"
NOT_TAKEN = "#b0b8bf"
ORDINARY = "#455a64"
FAILURE = "#c0392b"


def fill_of(state: str, *, of_run: bool) -> str:
    """Return the colour of a task's box."""
    return STATE_FILLS.get(state, NOT_RUN_FILL) if of_run else PLAIN_FILL


def colour_of_way(*, of_run: bool, taken: bool, failure: bool) -> str:
    """Return the colour of a way: what a run went stands out, what it did not go steps back."""
    if of_run and not taken:
        return NOT_TAKEN
    return FAILURE if failure else TAKEN if taken else ORDINARY
