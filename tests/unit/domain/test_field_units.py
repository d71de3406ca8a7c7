"""Fields with units, words or keys of their own are held against them at upload."""

import pytest

from formicary.domain.fault_codes import FaultCode
from formicary.domain.parsed_job import parse_job
from formicary.domain.quantities import parse_cpu, parse_size
from tests.unit.domain.job_texts import faults_of, job

BASE = "task_type: x, method: KUBERNETES, script: [x]"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1Gi", 1024**3),
        ("1.5Ki", 1536),
        ("500M", 500_000_000),
        ("500m", 500 * 1024**2),
        ("2g", 2 * 1024**3),
        ("1k", 1000),
        ("128", 128),
        (" 1Ti ", 1024**4),
    ],
)
def test_sizes_have_the_units_of_kubernetes_and_docker(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "Gi", "1GB", "1 Gi", "-1Gi", "0", "9E9", "1KI", "9999Ei"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        parse_size(text)


@pytest.mark.parametrize(("text", "cpus"), [("500m", 0.5), ("1", 1), ("1.5", 1.5), (".25", 0.25)])
def test_processors_are_counted_in_thousandths_or_whole(text: str, cpus: float) -> None:
    assert parse_cpu(text) == cpus


@pytest.mark.parametrize("text", ["", "m", "1Gi", "0", "0.1m", "-1", "1e3", "99999"])
def test_what_is_no_share_of_processors_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        parse_cpu(text)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ("container: {image: a, memory_limit: 1GB}", "bad-size", "container.memory_limit"),
        ("container: {image: a, cpu_limit: many}", "bad-cpu", "container.cpu_limit"),
        (
            "container: {image: a, cpu_limit: 500m, cpu_request: 1}",
            "out-of-range",
            "container",
        ),
        ("services: [{name: a}]", "missing-field", "services[0]"),
        ("services: [{name: a, image: b, ports: [{}]}]", "missing-field", "services[0].ports[0]"),
        (
            "services: [{name: a, image: b, ports: [{number: 70000}]}]",
            "out-of-range",
            "services[0].ports[0].number",
        ),
        (
            "services: [{name: a, image: b, ports: [{number: 1, protocol: TPC}]}]",
            "unknown-word",
            "services[0].ports[0].protocol",
        ),
        (
            "container: {image: a, volumes: {host_path: [{name: a, mount_path: /b}]}}",
            "missing-field",
            "container.volumes.host_path[0]",
        ),
        (
            "container: {image: a, volumes: {csi: [{name: a, mount_path: /b}]}}",
            "missing-field",
            "container.volumes.csi[0]",
        ),
        ("cache: {key: a}", "missing-field", "cache"),
        ("cache: {keys: [a], paths: [b]}", "unknown-key", "cache.keys"),
        ("artifacts: {paths: [a], when: sometimes}", "unknown-word", "artifacts.when"),
        ("node_tolerations: {gpu: Never}", "unknown-word", "node_tolerations.gpu"),
        ("pod_labels: {team: 'a b'}", "bad-value", "pod_labels.team"),
        ("pod_labels: {'a b': c}", "bad-value", "pod_labels.a b"),
        (
            "affinity: {preferred_during_scheduling_ignored_during_execution: [{weight: 1}]}",
            "missing-field",
            "affinity.preferred_during_scheduling_ignored_during_execution[0]",
        ),
        ("webhook: {headers: {a: b}}", "missing-field", "webhook"),
        ("webhook: {url: nowhere}", "bad-value", "webhook.url"),
        ("resources: {category: a}", "missing-field", "resources"),
        (
            "retry_backoff_policy: {min: 1m, max: 1s}",
            "out-of-range",
            "retry_backoff_policy",
        ),
    ],
)
def test_a_wrong_field_is_told_with_its_code_and_place(fields: str, code: str, field: str) -> None:
    (fault,) = faults_of(job(f"{BASE}, {fields}"))

    assert (fault.code, fault.field) == (FaultCode(code), f"tasks[0].{field}")
    assert fault.line > 0
    assert fault.message


def test_faults_within_a_part_are_told_beside_what_it_lacks() -> None:
    faults = faults_of(
        job(f"{BASE}, services: [{{image: a, memory_limit: big, ports: [{{number: x}}]}}]")
    )

    assert {(f.code, f.field) for f in faults} == {
        ("bad-size", "tasks[0].services[0].memory_limit"),
        ("wrong-type", "tasks[0].services[0].ports[0].number"),
        ("missing-field", "tasks[0].services[0]"),
    }


def test_templates_stand_where_units_words_and_needed_keys_do() -> None:
    parsed = parse_job(
        "job_type: a\ntasks:\n- task_type: x\n  script: [x]\n  container:\n    image: {{.Image}}\n"
        "    memory_limit: {{.Memory}}\n    cpu_limit: '{{.Cpus}}'\n"
        "  services: [{name: a, image: b, ports: [{number: {{.Port}}, protocol: {{.Protocol}}}]}]\n"
        "  node_tolerations: {gpu: {{.Effect}}}\n  pod_labels: {team: {{.Team}}}\n"
    )

    task = parsed.render_task(
        "x",
        {
            "Image": "alpine",
            "Memory": "1Gi",
            "Cpus": 2,
            "Port": 80,
            "Protocol": "UDP",
            "Effect": "NoExecute",
            "Team": "ants",
        },
    ).task

    assert (task.container.memory_limit, task.container.cpu_limit) == ("1Gi", "2")
    assert task.services[0].ports[0].number == 80
    assert (task.node_tolerations, task.pod_labels) == ({"gpu": "NoExecute"}, {"team": "ants"})


def test_a_templated_value_inside_a_part_is_shown_as_its_text() -> None:
    shown = parse_job(
        "job_type: a\nretry_backoff_policy: {factor: {{.Factor}}}\ntasks:\n- task_type: x\n"
        "  script: [x]\n  container: {image: a, memory_limit: {{.Memory}}}\n"
        "  services: [{name: a, image: b, ports: [{number: 1}, {number: {{.Port}}}]}]\n"
    ).to_json()

    assert shown["retry_backoff_policy"] == {"factor": "{{.Factor}}"}
    assert shown["tasks"][0]["container"] == {"image": "a", "memory_limit": "{{.Memory}}"}
    assert shown["tasks"][0]["services"][0]["ports"] == [{"number": 1}, {"number": "{{.Port}}"}]


def test_every_kind_of_volume_is_read_indented_or_not() -> None:
    kinds = (
        "      host_path:\n        - {name: a, mount_path: /a, host_path: /h}\n"
        "      pvc:\n        - {name: b, mount_path: /b, claim_name: c}\n"
        "      config_map:\n        - {name: c, mount_path: /c, items: {k: v}}\n"
        "      secret:\n        - {name: d, mount_path: /d}\n"
        "      empty_dir:\n        - {name: e, mount_path: /e, medium: Memory}\n"
        "      csi:\n        - {name: f, mount_path: /f, driver: d, volume_attributes: {k: v}}\n"
        "      projected:\n        - name: g\n          mount_path: /g\n          sources:\n"
        "            - service_account_token:\n              path: token\n"
        "              expiration_seconds: 600\n              audience: me\n"
        "            - secret: {name: s}\n            - config_map: {name: m, items: {k: v}}\n"
    )
    task = (
        parse_job(
            f"job_type: a\ntasks:\n- task_type: x\n  script: [x]\n  container:\n    image: i\n"
            f"    volumes:\n{kinds}"
        )
        .definition.tasks[0]
        .container.volumes
    )

    token, secret, config_map = task.projected[0].sources
    assert token.service_account_token.model_dump() == {
        "path": "token",
        "expiration_seconds": 600,
        "audience": "me",
    }
    assert (secret.secret.name, config_map.config_map.items) == ("s", {"k": "v"})
    assert [task.host_path[0].host_path, task.pvc[0].claim_name] == ["/h", "c"]
    assert (task.empty_dir[0].medium, task.csi[0].volume_attributes) == ("Memory", {"k": "v"})


def test_docker_takes_a_map_of_volumes_and_paths() -> None:
    task = parse_job(
        job("task_type: x, method: DOCKER, script: [x], container: {image: a, volumes: {v: /v}}")
    )

    assert task.definition.tasks[0].container.volumes == {"v": "/v"}


@pytest.mark.parametrize(
    ("notify", "code", "field", "mend"),
    [
        ("  mail: [a@example.org]", "unknown-key", "notify.mail", 'did you mean "email"?'),
        (
            "  email: {recipients: [a@example.org], when: onFailed}",
            "unknown-word",
            "notify.email.when",
            'did you mean "onFailure"?',
        ),
        ("  email: {when: always}", "missing-field", "notify.email", "add recipients: to it"),
        ("  slack: []", "missing-field", "notify.slack", "add recipients: to it"),
        (
            "  email: [a@example.org, nobody]",
            "bad-value",
            "notify.email",
            "write it as name@example.org",
        ),
    ],
)
def test_a_notification_that_reaches_nobody_is_a_fault(
    notify: str, code: str, field: str, mend: str
) -> None:
    text = (
        f"job_type: a\nnotify:\n{notify}\ntasks:\n- {{task_type: t, script: [x], method: SHELL}}\n"
    )

    (fault,) = faults_of(text)

    assert (fault.code, fault.field, fault.mend) == (FaultCode(code), field, mend)
    assert (fault.line, fault.column > 0) == (3, True)
