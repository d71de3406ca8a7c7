"""What is wrong with a template, and where."""

from formicary.domain.errors import InvalidRequestError


class TemplateError(InvalidRequestError):
    """The template is not valid."""

    code = "ERR_TEMPLATE"

    def __init__(self, message: str, line: int = 0, column: int = 0, mend: str = "") -> None:
        """Take the place in the text that the user wrote; both count from 1."""
        super().__init__(message, line=line, column=column)
        self.line = line
        self.column = column
        self.mend = mend
