"""The two ways of reading a template: as a job does, and as Go itself does to the letter."""

from enum import StrEnum


class Dialect(StrEnum):
    """Who reads the template (docs/decisions/0021-two-dialects-of-templates.md).

    JOB: a whole number equals a float of the same value, `range 3` counts, a field of nothing is
    nothing, and what can only fail is refused when the template is parsed. GO: as text/template.
    """

    JOB = "job"
    GO = "go"
