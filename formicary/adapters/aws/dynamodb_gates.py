"""Gates in the table: the count, the holders and the line are items of one partition.

The count is kept as what is free, because a condition can compare an attribute but not compute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_resources import DynamoDbResources
from formicary.adapters.aws.dynamodb_table import (
    ABSENT,
    INDEX,
    Change,
    Expression,
    Put,
    Removal,
    equals,
    in_partition,
    not_after,
)
from formicary.adapters.aws.items import pack, unpack
from formicary.adapters.run_summary import time_text
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.gates import (
    Applicant,
    Claim,
    Gate,
    GateMember,
    Holding,
    TenantLimits,
)

_TRIES = 10


class DynamoDbGateRepository(DynamoDbResources):
    """GateRepository on one DynamoDB table."""

    def find(self, tenant: str, gate: str) -> Gate | None:
        """Return a gate as it stands, None when it was never limited."""
        item = self._table.get(keys.gate_key(tenant, gate))
        return None if item is None else Gate(gate, item["limit"], item["free"])

    def limit(self, tenant: str, gate: str, limit: int, *, only_new: bool = False) -> Gate:
        """Set how many slots a gate has."""
        for _ in range(_TRIES):
            there = self.find(tenant, gate)
            if there is not None and (only_new or there.limit == limit):
                return there
            try:
                self._set_limit(tenant, gate, limit, there)
            except ConcurrentUpdateError:
                continue
        raise ConcurrentUpdateError(f"The limit of {gate} is changed by too many at once.")

    def _set_limit(self, tenant: str, gate: str, limit: int, there: Gate | None) -> None:
        key = keys.gate_key(tenant, gate)
        if there is None:
            listed = {
                "gsi1pk": keys.gates_list(tenant),
                "gsi1sk": keys.part(gate),
                "summary": {"gate": gate},
            }
            self._table.put(Put(key, {"limit": limit, "free": limit, **listed}, ABSENT))
            return
        more = {":more": limit - there.limit, ":limit": limit}
        update = Expression(
            "SET #limit = :limit ADD #free :more", {"#limit": "limit", "#free": "free"}, more
        )
        self._table.put_together(Change(key, update, equals("limit", there.limit)))

    def take(
        self, tenant: str, claims: Sequence[Claim], applicant: Applicant, *, waited: bool
    ) -> bool:
        """Take the slots of all claims, or none."""
        held: dict[str, int] = {}
        for _ in range(_TRIES):
            try:
                self._take_missing(tenant, claims, applicant, held, waited=waited)
            except ConcurrentUpdateError:
                held = self._stints_held(tenant, claims, applicant)
                missing = [claim for claim in claims if claim.gate not in held]
                if missing and self._too_few(tenant, missing):
                    return False
            else:
                return True
        raise ConcurrentUpdateError("Too many are at the same gates.")

    def held(self, tenant: str, gate: str, name: str) -> Holding | None:
        """Return the slots that an applicant of that name has of a gate, None for none."""
        item = self._table.get(keys.holder_key(tenant, gate, name))
        return None if item is None else Holding(item["stint"], item["amount"])

    def _take_missing(
        self,
        tenant: str,
        claims: Sequence[Claim],
        applicant: Applicant,
        held: Mapping[str, int],
        *,
        waited: bool,
    ) -> None:
        """Take what the run does not hold; what it holds of an earlier stint is handed on."""
        writes: list[Put | Change | Removal] = []
        for claim in claims:
            holder = keys.holder_key(tenant, claim.gate, applicant.name)
            stint = held.get(claim.gate)
            if stint is None:
                key = keys.gate_key(tenant, claim.gate)
                free = Expression("#free >= :amount", {"#free": "free"}, {":amount": claim.amount})
                writes.append(Change(key, _add(-claim.amount), free))
                writes.append(Put(holder, _encode(applicant, claim.amount), ABSENT))
            elif stint < applicant.stint:
                writes.append(Put(holder, _encode(applicant, claim.amount), equals("stint", stint)))
            if waited and not held:
                # The place of a later stint is not this one's to give up: who has come so late
                # takes nothing at all.
                place = keys.waiter_key(tenant, claim.gate, applicant.rank)
                writes.append(Removal(place, not_after("stint", applicant.stint)))
        if writes:
            self._table.put_together(*writes)
        for claim in claims if held else ():
            self.stop_waiting(tenant, claim.gate, applicant.rank, applicant.stint)

    def _stints_held(
        self, tenant: str, claims: Sequence[Claim], applicant: Applicant
    ) -> dict[str, int]:
        """Return the stint of which a run holds each gate, where it holds one."""
        found = {
            claim.gate: self._table.get(keys.holder_key(tenant, claim.gate, applicant.name))
            for claim in claims
        }
        return {gate: item["stint"] for gate, item in found.items() if item is not None}

    def _too_few(self, tenant: str, claims: Iterable[Claim]) -> bool:
        gates = [(self.find(tenant, claim.gate), claim) for claim in claims]
        return any(gate is None or gate.free < claim.amount for gate, claim in gates)

    def give_back(self, tenant: str, claims: Sequence[Claim], name: str, stint: int) -> bool:
        """Give back the slots of all claims; False when that stint holds none (any more)."""
        writes: list[Put | Change | Removal] = []
        for claim in claims:
            there = Expression("attribute_exists(pk)")
            writes.append(Change(keys.gate_key(tenant, claim.gate), _add(claim.amount), there))
            holder = keys.holder_key(tenant, claim.gate, name)
            writes.append(Removal(holder, equals("stint", stint)))
        for _ in range(_TRIES):
            try:
                self._table.put_together(*writes)
            except ConcurrentUpdateError:
                item = self._table.get(keys.holder_key(tenant, claims[0].gate, name))
                if item is None or item["stint"] != stint:
                    return False
            else:
                return True
        raise ConcurrentUpdateError("Too many are at the same gates.")

    def wait(self, tenant: str, gate: str, applicant: Applicant) -> None:
        """Stand in line, unless a later stint of that run stands there by now."""
        key = keys.waiter_key(tenant, gate, applicant.rank)
        mine = not_after("stint", applicant.stint)
        try:
            self._table.put(Put(key, _encode(applicant, 0), mine))
        except ConcurrentUpdateError:
            there = self.waits(tenant, gate, applicant.rank)
            if there is None or there.stint <= applicant.stint:
                raise  # somebody's transaction is at that place just now

    def stop_waiting(self, tenant: str, gate: str, rank: str, stint: int) -> None:
        """Leave the line, unless a later stint of that run stands there by now."""
        mine = Expression("#s <= :s", {"#s": "stint"}, {":s": stint})
        try:
            self._table.delete(keys.waiter_key(tenant, gate, rank), mine)
        except ConcurrentUpdateError:
            return  # gone already, or a later stint's

    def line(self, tenant: str, gate: str, limit: int, *, before: str = "") -> Sequence[Applicant]:
        """Return the first in line, all of them or those before a rank."""
        pk = keys.gate_key(tenant, gate).pk
        if not before:
            return self._some(in_partition(pk, keys.WAITER_PREFIX), limit)
        # A key condition knows no "from here to before there": the last one may be that rank.
        upto = Expression(
            "pk = :pk AND sk BETWEEN :first AND :last",
            {},
            {":pk": pk, ":first": keys.WAITER_PREFIX, ":last": keys.WAITER_PREFIX + before},
        )
        found = self._some(upto, limit + 1)
        return [applicant for applicant in found if applicant.rank != before][:limit]

    def holders(self, tenant: str, gate: str, limit: int) -> Sequence[Applicant]:
        """Return some of those that hold slots, by the id of their run."""
        pk = keys.gate_key(tenant, gate).pk
        return self._some(in_partition(pk, keys.HOLDER_PREFIX), limit)

    def waits(self, tenant: str, gate: str, rank: str) -> Applicant | None:
        """Return who stands in line with that rank."""
        item = self._table.get(keys.waiter_key(tenant, gate, rank))
        return None if item is None else _decode(item)

    def names(self, tenant: str, after: str, limit: int) -> Sequence[str]:
        """Return the gates of a tenant by name, from the first after that name on."""
        listed = Expression("gsi1pk = :pk", {}, {":pk": keys.gates_list(tenant)})
        if after:
            listed = Expression(
                "gsi1pk = :pk AND gsi1sk > :after",
                {},
                {":pk": keys.gates_list(tenant), ":after": keys.part(after)},
            )
        answer = self._table.query(listed, IndexName=INDEX, Limit=limit)
        return [str(item["summary"]["gate"]) for item in answer.items]

    def members(self, tenant: str, gate: str, after: str, limit: int) -> Sequence[GateMember]:
        """Return those that hold slots, then those in line, from the first after a place on."""
        # The gate itself comes before both.
        place = after or keys.GATE_SORT
        found = in_partition(keys.gate_key(tenant, gate).pk, after=place)
        answer = self._table.query(found, ConsistentRead=True, Limit=limit)
        return [GateMember(item["sk"], _decode(item), item["amount"]) for item in answer.items]

    def tenant_limits(self, tenant: str) -> TenantLimits:
        """Return the limits of a tenant and its users."""
        item = self._table.get(keys.limits_key(tenant))
        if item is None:
            return TenantLimits()
        return TenantLimits(
            item["max_concurrency"], item["user_max_concurrency"], unpack(item["users"])
        )

    def put_tenant_limits(self, tenant: str, limits: TenantLimits) -> None:
        """Store them."""
        attributes = {
            "max_concurrency": limits.max_concurrency,
            "user_max_concurrency": limits.user_max_concurrency,
            "users": pack(dict(limits.users)),
        }
        self._table.put(Put(keys.limits_key(tenant), attributes))

    def _some(self, condition: Expression, limit: int) -> list[Applicant]:
        answer = self._table.query(condition, ConsistentRead=True, Limit=limit)
        return [_decode(item) for item in answer.items]


def _add(slots: int) -> Expression:
    return Expression("ADD #free :slots", {"#free": "free"}, {":slots": slots})


def _encode(applicant: Applicant, amount: int) -> dict[str, Any]:
    return {
        "run_id": applicant.request_id,
        "execution_id": applicant.execution_id,
        "job_type": applicant.job_type,
        "stint": applicant.stint,
        "rank": applicant.rank,
        "proof": applicant.proof,
        "expires_at": time_text(applicant.expires_at) if applicant.expires_at else None,
        "amount": amount,
        "task_type": applicant.task_type or None,
    }


def _decode(item: Mapping[str, Any]) -> Applicant:
    expires = item.get("expires_at")
    return Applicant(
        request_id=item["run_id"],
        execution_id=item["execution_id"],
        job_type=item["job_type"],
        stint=item["stint"],
        rank=item["rank"],
        proof=item["proof"],
        expires_at=datetime.fromisoformat(expires) if expires else None,
        task_type=item.get("task_type", ""),
    )
