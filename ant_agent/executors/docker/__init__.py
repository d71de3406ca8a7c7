"""DOCKER: the scripts run in a container of a Docker engine."""

from ant_agent.executors.docker.executor import DockerExecutor

__all__ = ["DockerExecutor"]
