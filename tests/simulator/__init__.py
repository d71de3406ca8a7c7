"""A seeded simulator: the real core and service layer on in-memory adapters, under faults.

`python -m tests.simulator --seeds 1000` draws a world from each seed (jobs, ants, what users do,
what goes wrong and when), lets it run on a virtual clock and checks what must hold after every
step. The same seed is always the same story.
"""
