"""Benchmarks: `make bench`, or `.venv/bin/python -m tests.bench W1 W5`. Never asserted in tests."""
