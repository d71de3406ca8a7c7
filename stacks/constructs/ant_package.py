"""What a host installs to be an ant: the wheel, its locked packages' list and the systemd unit."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.constructs.uv_bundling import ROOT, run_uv

_SYSTEMD = ROOT / "install" / "systemd"
_PROJECT = ("pyproject.toml", "uv.lock", "README.md", "LICENSE")


class AntPackage(Construct):
    """One archive among the assets of the deployment, built on the host by uv."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.asset = assets.Asset(
            self,
            "Archive",
            path=str(_SYSTEMD),
            asset_hash_type=cdk.AssetHashType.CUSTOM,
            asset_hash=_fingerprint(),
            bundling=cdk.BundlingOptions(
                image=cdk.DockerImage.from_registry("unused: bundled on the host by uv"),
                local=WheelBundling(),
            ),
        )


@jsii.implements(cdk.ILocalBundling)
class WheelBundling:
    """Builds the wheel and puts beside it what pins and starts it."""

    def try_bundle(self, output_dir: str, *_args: Any, **_kwargs: Any) -> bool:
        """Fill the folder or raise; False would make CDK look for Docker."""
        output = Path(output_dir)
        run_uv("build", "--quiet", "--wheel", "--out-dir", str(output), str(ROOT))
        (output / ".gitignore").unlink(missing_ok=True)
        requirements = run_uv(
            *("export", "--quiet", "--frozen", "--no-default-groups", "--no-emit-project"),
            *("--extra", "agent", "--no-header", "--no-annotate"),
        )
        (output / "requirements.txt").write_text(requirements)
        for file in _SYSTEMD.iterdir():
            shutil.copy(file, output)
        return True


def _fingerprint() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    sources = [
        path
        for folder in ("formicary", "ant_agent", "install/systemd")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    for path in sorted([*sources, *(ROOT / name for name in _PROJECT)]):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
