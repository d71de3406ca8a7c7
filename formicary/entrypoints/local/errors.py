"""What goes wrong with the local system and what its user can do about it."""

from __future__ import annotations


class LocalError(Exception):
    """The local system cannot do this; the message says why and what helps."""
