"""What stands behind the ports: in memory for tests and tools, on AWS for real."""
