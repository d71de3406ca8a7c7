"""The files that install an ant, read as their programs read them."""

import plistlib
import shlex
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
INSTALL = ROOT / "install"
UNIT = INSTALL / "systemd" / "formicary-ant.service"
NOTICES = UNIT.with_name("formicary-ant-notices.service")
PLIST = INSTALL / "launchd" / "io.formicary.ant.plist"
CONTAINERFILE = INSTALL / "image" / "Containerfile"
KUBERNETES = INSTALL / "kubernetes"


def unit(path: Path = UNIT) -> dict[str, list[str]]:
    """All values of each key of the unit: a key may come more than once."""
    values: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            values.setdefault(key, []).append(value)
    return values


def plist() -> dict[str, Any]:
    return plistlib.loads(PLIST.read_bytes())


def manifests() -> list[dict[str, Any]]:
    """What `kubectl apply -k` sends, and the example of the secret."""
    names = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    return [
        document
        for name in [*names, "secret.example.yaml"]
        for document in yaml.safe_load_all((KUBERNETES / name).read_text())
    ]


def manifest(kind: str) -> dict[str, Any]:
    (found,) = (document for document in manifests() if document["kind"] == kind)
    return found


def ant_container() -> dict[str, Any]:
    (container,) = manifest("Deployment")["spec"]["template"]["spec"]["containers"]
    return container


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, continued lines joined."""
    text = CONTAINERFILE.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def copied() -> list[str]:
    """What the image takes from the repository."""
    return [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in shlex.split(rest)[:-1]
    ]


def start_commands() -> dict[str, str]:
    """The command that each of them starts."""
    entry = next(rest for name, rest in instructions() if name == "ENTRYPOINT")
    return {
        "systemd": unit()["ExecStart"][0],
        "launchd": plist()["ProgramArguments"][-1],
        "image": " ".join(yaml.safe_load(entry)),
    }
