"""The resource that a job leases: of those that fit, the one with most to give."""

from collections.abc import Collection
from dataclasses import dataclass

from formicary.domain.errors import InvalidRequestError
from formicary.domain.gates import Claim, resource_gate
from formicary.domain.job_resource import JobResource, amount_of, in_words
from formicary.domain.task_definition import BasicResource
from formicary.ports import GateRepository


@dataclass(frozen=True, slots=True)
class ChosenResource:
    """A claim to a resource, what it tells those that lease it, and the gates of the others."""

    claim: Claim
    variables: dict[str, str]
    others: tuple[str, ...] = ()


def choose_resource(
    gates: GateRepository,
    tenant: str,
    wanted: BasicResource,
    kept_by: str = "",
    leased: Collection[str] = (),
) -> ChosenResource:
    """Choose a resource, the one that `kept_by` has already; InvalidRequestError when none will do.

    A task keeps what it has over its retries. Before all others it has one of the gates that its
    job has `leased`: two jobs that hold one each and wait for the other would wait for ever.
    """
    amount = amount_of(wanted)
    resources = gates.list_resources(tenant)
    fitting = [resource for resource in resources if resource.fits(wanted)]
    large = [resource for resource in fitting if resource.quota >= amount]
    if not fitting:
        raise InvalidRequestError(
            f"No job resource has {in_words(wanted)}; add one by POST /api/jobs/resources."
        )
    if not large:
        most = max(resource.quota for resource in fitting)
        raise InvalidRequestError(
            f"No job resource with {in_words(wanted)} has {amount} to give; the most is {most}."
        )
    kept = [r for r in large if resource_gate(r.id) in leased] or [
        r for r in large if kept_by and gates.held(tenant, resource_gate(r.id), kept_by)
    ]
    chosen = kept[0] if kept else _most_free(gates, tenant, large)
    claim = Claim(
        resource_gate(chosen.id),
        amount,
        0 if chosen.disabled else chosen.quota,
        chosen.lease_timeout_seconds,
    )
    others = tuple(resource_gate(r.id) for r in resources if r.id != chosen.id)
    return ChosenResource(claim, chosen.told_to(wanted), others)


def _most_free(gates: GateRepository, tenant: str, resources: list[JobResource]) -> JobResource:
    if len(resources) == 1:
        return resources[0]

    def free(resource: JobResource) -> tuple[bool, int]:
        gate = gates.find(tenant, resource_gate(resource.id))
        return not resource.disabled, gate.free if gate else resource.quota

    return max(resources, key=free)
