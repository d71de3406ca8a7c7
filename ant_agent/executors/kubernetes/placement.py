"""On which nodes a pod runs: affinity, selector, tolerations, purely."""

from typing import Any

from ant_agent.executors.containers.options import ContainerOptions
from formicary.domain.pod_definition import NodeAffinity, NodeRequirement, NodeTerm


def placement(options: ContainerOptions) -> dict[str, Any]:
    """Return the fields of a pod's specification that place it."""
    found: dict[str, Any] = {}
    if options.affinity is not None:
        found["affinity"] = {"nodeAffinity": _affinity(options.affinity)}
    if options.node_selector:
        found["nodeSelector"] = options.node_selector
    if options.node_tolerations:
        found["tolerations"] = [
            _toleration(key, effect) for key, effect in options.node_tolerations.items()
        ]
    return found


def _affinity(affinity: NodeAffinity) -> dict[str, Any]:
    required = affinity.required_during_scheduling_ignored_during_execution
    preferred = affinity.preferred_during_scheduling_ignored_during_execution
    found: dict[str, Any] = {}
    if required is not None:
        terms = [_term(term) for term in required.node_selector_terms]
        found["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
    if preferred:
        found["preferredDuringSchedulingIgnoredDuringExecution"] = [
            {"weight": item.weight, "preference": _term(item.preference)} for item in preferred
        ]
    return found


def _term(term: NodeTerm) -> dict[str, Any]:
    return {
        name: [_requirement(one) for one in requirements]
        for name, requirements in (
            ("matchExpressions", term.match_expressions),
            ("matchFields", term.match_fields),
        )
        if requirements
    }


def _requirement(requirement: NodeRequirement) -> dict[str, Any]:
    values = {"values": requirement.values} if requirement.values else {}
    return {"key": requirement.key, "operator": requirement.operator, **values}


def _toleration(key: str, effect: str) -> dict[str, str]:
    """Read `key` or `key=value`, as the article writes them."""
    name, has_value, value = key.partition("=")
    if has_value:
        return {"key": name, "operator": "Equal", "value": value, "effect": effect}
    return {"key": name, "operator": "Exists", "effect": effect}
