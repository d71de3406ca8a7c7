"""Contract of ErrorRuleRepository."""

from dataclasses import replace

from formicary.domain.error_rules import EVERYBODY, ErrorAction, ErrorRule
from tests.contract.examples import NOW


def a_rule(tenant, rule_id="01", **fields):
    return ErrorRule(
        id=rule_id,
        tenant=tenant,
        error_code="ERR_DISK_FULL",
        created_at=NOW,
        updated_at=NOW,
        **fields,
    )


def test_a_row_comes_back_as_it_was_stored(error_rules, tenant):
    plain = a_rule(tenant)
    full = a_rule(
        tenant,
        "0#2",
        regex="No space(?i)\\s+left ü",
        exit_code="75",
        job_type="build",
        task_type_scope="compile",
        platform_scope="linux",
        command_scope="make",
        description="d",
        display_message="m",
        action=ErrorAction.RETRY_TASK,
        retry=3,
        user_id="ann",
    )
    for rule in (plain, full):
        error_rules.put(rule)

    assert error_rules.find(tenant, "01") == plain
    assert error_rules.find(tenant, "0#2") == full


def test_rows_are_listed_by_id_and_belong_to_one_tenant(error_rules, tenant):
    for rule_id in ("02", "01"):
        error_rules.put(a_rule(tenant, rule_id))
    error_rules.put(a_rule(EVERYBODY, f"{tenant}-of-all"))

    assert [rule.id for rule in error_rules.list(tenant)] == ["01", "02"]
    assert f"{tenant}-of-all" in [rule.id for rule in error_rules.list(EVERYBODY)]
    assert error_rules.find(tenant, f"{tenant}-of-all") is None


def test_a_row_is_replaced_and_deleted_and_a_second_delete_does_no_harm(error_rules, tenant):
    error_rules.put(a_rule(tenant))
    error_rules.put(replace(a_rule(tenant), error_code="ERR_OTHER"))
    assert [rule.error_code for rule in error_rules.list(tenant)] == ["ERR_OTHER"]

    error_rules.delete(tenant, "01")
    error_rules.delete(tenant, "01")
    assert error_rules.list(tenant) == []
