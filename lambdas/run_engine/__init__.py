"""The engine: the only function that moves jobs."""
