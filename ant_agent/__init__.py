"""The ant: an agent that takes tasks from queues and runs them on a host."""
