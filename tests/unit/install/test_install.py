"""The files that install an ant: well-formed, hardened, and true to the ant's settings."""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from ant_agent.settings import Settings
from tests.unit.install import files

# Longest time that SIGTERM gives an ant; all ways of starting one give the same.
DRAIN_SECONDS = 900


def known_variables() -> set[str]:
    names = set()
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names |= set(getattr(alias, "choices", [])) or {f"FORMICARY_ANT_{name.upper()}"}
    return names


@pytest.mark.parametrize(
    "path",
    [path for path in files.INSTALL.rglob("*") if path.is_file()]
    + sorted((files.ROOT / "docs" / "install").glob("*.md"))
    + [files.ROOT / "stacks" / "ants_stack.py", files.ROOT / "stacks/constructs/ant_on_ec2.py"],
    ids=lambda path: path.name,
)
def test_every_variable_is_a_setting_of_the_ant(path: Path) -> None:
    named = set(re.findall(r"\bFORMICARY_[A-Z_]+[A-Z]", path.read_text()))

    assert named <= known_variables()


def test_every_way_starts_the_ant() -> None:
    assert all(
        command.endswith("formicary ant start") for command in files.start_commands().values()
    )
    assert set(files.start_commands()) == {"systemd", "launchd", "image"}


def test_every_way_gives_the_ant_the_same_time_to_drain() -> None:
    pod = files.manifest("Deployment")["spec"]["template"]["spec"]

    assert files.unit()["TimeoutStopSec"] == [f"{DRAIN_SECONDS // 60}min"]
    assert files.plist()["ExitTimeOut"] == DRAIN_SECONDS
    assert pod["terminationGracePeriodSeconds"] == DRAIN_SECONDS


def test_a_drained_ant_is_not_started_again_by_the_host() -> None:
    assert files.unit()["Restart"] == ["on-failure"]
    assert files.plist()["KeepAlive"] == {"SuccessfulExit": False}


def test_the_unit_signals_the_ant_alone_and_outlives_a_task_without_memory() -> None:
    unit = files.unit()

    assert unit["KillMode"] == ["mixed"]
    assert unit["OOMPolicy"] == ["continue"]
    assert unit["StateDirectory"] == ["formicary-ant"]
    assert "FORMICARY_ANT_WORK_DIR=/var/lib/formicary-ant" in unit["Environment"]


def run_systemd_analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze, and there is none on the path")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip(f"needs a newer systemd-analyze: {done.stderr.strip()}")
    return done


@pytest.mark.parametrize("unit", [files.UNIT, files.NOTICES], ids=lambda path: path.name)
def test_systemd_finds_no_fault_in_a_unit(tmp_path: Path, unit: Path) -> None:
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"/opt/formicary/bin/\w+", "/bin/true", unit.read_text()))

    done = run_systemd_analyze("verify", "--man=no", str(copy))

    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_finds_a_fault_where_there_is_one(tmp_path: Path) -> None:
    copy = tmp_path / files.UNIT.name
    copy.write_text(files.UNIT.read_text().replace("ProtectSystem=strict", "ProtectSystem=mostly"))

    assert "mostly" in run_systemd_analyze("verify", "--man=no", str(copy)).stderr


@pytest.mark.parametrize("unit", [files.UNIT, files.NOTICES], ids=lambda path: path.name)
def test_systemd_calls_a_unit_little_exposed(unit: Path) -> None:
    # Tenths of the ten points that a unit without any bounds has.
    done = run_systemd_analyze("security", "--offline=true", "--threshold=20", str(unit))

    assert done.returncode == 0, done.stdout


def test_tasks_of_the_unit_do_not_reach_the_metadata_service_and_notices_reach_nothing_else() -> (
    None
):
    closed = "169.254.169.254 fd00:ec2::254"

    assert files.unit()["IPAddressDeny"] == [closed]
    assert files.unit(files.NOTICES)["IPAddressAllow"] == [closed]
    assert files.unit(files.NOTICES)["IPAddressDeny"] == ["any"]


@pytest.mark.parametrize(
    ("code", "status", "drained"),
    [("exited", "0", True), ("exited", "1", False), ("killed", "TERM", False)],
)
def test_the_ant_is_drained_by_a_notice_and_not_when_notices_are_stopped(
    tmp_path: Path, code: str, status: str, *, drained: bool
) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/asked\n')
    systemctl.chmod(0o755)
    (command,) = files.unit(files.NOTICES)["ExecStopPost"]
    told = {"PATH": f"{tmp_path}:/bin", "EXIT_CODE": code, "EXIT_STATUS": status}

    done = subprocess.run(shlex.split(command.removeprefix("+")), env=told, check=False)

    asked = tmp_path / "asked"
    assert done.returncode == 0
    assert (asked.read_text() if asked.exists() else "") == (
        "--no-block stop formicary-ant\n" if drained else ""
    )


def test_pods_of_tasks_reach_all_addresses_but_the_metadata_service() -> None:
    policy = files.manifest("NetworkPolicy")
    blocks = [
        peer["ipBlock"]
        for rule in policy["spec"]["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
    ]

    assert policy["metadata"]["namespace"] == "formicary-tasks"
    assert policy["spec"]["podSelector"] == {}
    assert policy["spec"]["policyTypes"] == ["Egress"]
    assert blocks == [
        {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]},
        {"cidr": "::/0", "except": ["fd00:ec2::254/128"]},
    ]


def test_the_role_has_the_rights_that_are_documented_and_no_other() -> None:
    text = (files.ROOT / "docs" / "executors.md").read_text()
    sentence = re.search(r"The ant's account needs, in its namespace: (.*?)\.\n", text, re.DOTALL)
    assert sentence
    documented = {
        found[1]: set(re.findall(r"[a-z]+", found[2].replace(" and ", " ")))
        for found in re.finditer(r"`([a-z/]+)` ([a-z, \n]+)", sentence[1])
    }
    rules = files.manifest("Role")["rules"]
    granted = {rule["resources"][0]: set(rule["verbs"]) for rule in rules}

    assert granted == documented
    assert all(len(rule["resources"]) == 1 and rule["apiGroups"] == [""] for rule in rules)


def test_what_tasks_may_do_is_bound_to_a_namespace_without_the_ant_and_its_token() -> None:
    role, binding = files.manifest("Role"), files.manifest("RoleBinding")
    environment = {entry["name"]: entry.get("value") for entry in files.ant_container()["env"]}
    secret, deployment = files.manifest("Secret"), files.manifest("Deployment")

    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "formicary-tasks"
    assert environment["FORMICARY_ANT_KUBE_NAMESPACE"] == "formicary-tasks"
    assert secret["metadata"]["namespace"] == deployment["metadata"]["namespace"] == "formicary"
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert not [one for one in files.manifests() if one["kind"].startswith("ClusterRole")]


def test_the_account_and_secret_that_the_pod_names_are_there() -> None:
    pod = files.manifest("Deployment")["spec"]["template"]["spec"]
    accounts = {
        (one["metadata"]["namespace"], one["metadata"]["name"])
        for one in files.manifests()
        if one["kind"] == "ServiceAccount"
    }
    (source,) = files.ant_container()["envFrom"]
    environment = {entry["name"]: entry.get("value") for entry in files.ant_container()["env"]}

    assert ("formicary", pod["serviceAccountName"]) in accounts
    assert ("formicary-tasks", environment["FORMICARY_ANT_KUBE_SERVICE_ACCOUNT"]) in accounts
    assert source["secretRef"]["name"] == files.manifest("Secret")["metadata"]["name"]


def test_the_pod_is_as_restricted_as_its_namespace_asks() -> None:
    pod = files.manifest("Deployment")["spec"]["template"]["spec"]
    container = files.ant_container()["securityContext"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert files.ant_container()["resources"]["limits"]


def test_a_silent_control_plane_makes_a_pod_unready_and_kills_it_not() -> None:
    container = files.ant_container()

    assert container["readinessProbe"]["httpGet"]["path"] == "/health"
    assert container["livenessProbe"]["httpGet"]["path"] == "/metrics"


def test_the_image_copies_what_is_there_and_nothing_is_hidden_from_it() -> None:
    ignored = (files.ROOT / ".dockerignore").read_text().split()
    shown = {line.removeprefix("!") for line in ignored if line.startswith("!")}

    assert ignored[0] == "**"
    assert set(files.copied()) == shown
    assert all((files.ROOT / source).exists() for source in files.copied())


def test_the_image_holds_the_packages_of_the_wheel() -> None:
    project = tomllib.loads((files.ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert set(wheel) <= set(files.copied())
    assert {project["project"]["readme"], *project["project"]["license-files"]} <= set(
        files.copied()
    )
    assert "formicary" in project["project"]["scripts"]


def test_the_image_and_the_setup_use_the_same_uv() -> None:
    project = (files.ROOT / "pyproject.toml").read_text()

    assert re.findall(r"uv==[\d.]+", files.CONTAINERFILE.read_text()) == re.findall(
        r"uv==[\d.]+", project
    )


def test_the_image_runs_as_the_user_that_the_pod_names() -> None:
    pod = files.manifest("Deployment")["spec"]["template"]["spec"]["securityContext"]
    (user,) = [rest for name, rest in files.instructions() if name == "USER"]

    assert user == f"{pod['runAsUser']}:{pod['runAsGroup']}"
    assert pod["runAsUser"] != 0


def test_the_image_of_the_pod_has_the_version_of_the_project() -> None:
    project = tomllib.loads((files.ROOT / "pyproject.toml").read_text())["project"]
    customization = yaml.safe_load((files.KUBERNETES / "kustomization.yaml").read_text())
    (image,) = customization["images"]

    assert image["name"] == files.ant_container()["image"]
    assert image["newTag"] == project["version"]


def test_no_file_holds_a_token() -> None:
    text = "".join(path.read_text() for path in files.INSTALL.rglob("*") if path.is_file())

    assert set(re.findall(r"fmc_\w+", text)) == {"fmc_TOKEN"}
