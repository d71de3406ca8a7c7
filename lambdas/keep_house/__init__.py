"""Housekeeping, one bounded piece a call."""
