"""The doors of the core: the command line and the local runner."""
