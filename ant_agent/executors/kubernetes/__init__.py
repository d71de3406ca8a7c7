"""KUBERNETES: the scripts run in a pod of a cluster."""

from ant_agent.executors.kubernetes.executor import KubernetesExecutor

__all__ = ["KubernetesExecutor"]
