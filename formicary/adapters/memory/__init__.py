"""The ports in this process's memory: for tests, the simulator and offline tools."""
