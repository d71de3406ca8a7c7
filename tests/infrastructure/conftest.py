"""The templates that these tests look at."""

from __future__ import annotations

from tests.synthesis import dev, synthesise

__all__ = ["dev", "synthesise"]
