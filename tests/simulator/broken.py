"""What is raised when something that must hold does not."""


class BrokenError(BaseException):
    """An invariant is broken. No `except Exception` of the product may hide it."""
