"""The composition root: the only place that chooses adapters.

One module a door, so that a function imports what it uses and nothing else.
"""
