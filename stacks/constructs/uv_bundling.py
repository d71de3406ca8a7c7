"""The code of all functions as one asset, bundled by uv on the host without Docker."""

from __future__ import annotations

import compileall
import hashlib
import platform
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

_OWN_VERSION = ".".join(platform.python_version_tuple()[:2])
ROOT = Path(__file__).resolve().parents[2]
# The doors that a function is not: a change of the command line must not redeploy the functions.
# Containers and pods are out of a function's reach.
_NOT_IN_FUNCTIONS = ("cli", "local", "containers", "docker", "kubernetes", "__pycache__")
SOURCE_PACKAGES = ("formicary", "lambdas", "ant_agent")
# The functions speak to these services alone; the other 400 models make up 25 MB of botocore.
_BOTO_SERVICES = frozenset(
    {
        "apigatewaymanagementapi",
        "dynamodb",
        "events",
        "lambda",
        "s3",
        "scheduler",
        "sesv2",
        "sqs",
        "ssm",
        "stepfunctions",
        "sts",
    }
)
# Parts of packages that no function imports: every cold start would unpack them. What the functions
# do import is shown by loading their handlers from a bundle (tests/infrastructure).
_UNUSED = (
    "bin",
    "boto3",
    # Of cffi, cryptography needs the compiled part alone.
    "cffi",
    "pycparser",
    "cryptography/x509",
    *(
        f"aws_lambda_powertools/utilities/{name}"
        for name in (
            *("auth_alpha", "batch", "circuit_breaker", "data_masking", "feature_flags"),
            *("idempotency", "kafka", "parameters", "parser", "streaming", "validation"),
        )
    ),
)
# A page for browsers that the API does not serve: two scripts of a megabyte and a half.
_PAGE = Path("aws_lambda_powertools/event_handler/openapi/swagger_ui")
# The two of the eight fonts that pictures are written in.
_FONTS = frozenset({"Manrope-Regular.ttf", "Manrope-SemiBold.ttf"})


@dataclass(frozen=True, kw_only=True)
class BundleTarget:
    """The interpreter that a bundle is for."""

    python_version: str
    machine: str
    cross: bool

    @property
    def install_options(self) -> list[str]:
        """The options that make uv pick the target's wheels, whatever machine it runs on."""
        if not self.cross:
            return []
        return [
            *("--python-version", self.python_version),
            *("--python-platform", self.machine),
            *("--only-binary", ":all:"),
        ]


_OWN_MACHINE = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())

# Lambda's Python 3.13 runs on Amazon Linux 2023, which has glibc 2.34.
BUNDLE_TARGETS = {
    "lambda": BundleTarget(python_version="3.13", machine="aarch64-manylinux_2_34", cross=True),
    # An emulator in a container runs Lambda's Python on the machine's own processor.
    "container": BundleTarget(
        python_version="3.13", machine=f"{_OWN_MACHINE}-manylinux_2_34", cross=True
    ),
    # The embedded AWS runs functions on the interpreter of the machine it stands on.
    "host": BundleTarget(
        python_version=_OWN_VERSION, machine=sysconfig.get_platform(), cross=False
    ),
}


def function_code(bundle_for: str) -> lambda_.Code:
    """The asset for all functions; CDK skips the bundling when its output is already there."""
    target = BUNDLE_TARGETS[bundle_for]
    requirements = _export_requirements()
    return lambda_.Code.from_asset(
        str(ROOT / "lambdas"),
        asset_hash_type=cdk.AssetHashType.CUSTOM,
        asset_hash=_fingerprint(requirements, target),
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("unused: bundled on the host by uv"),
            local=UvBundling(requirements=requirements, target=target),
        ),
    )


@jsii.implements(cdk.ILocalBundling)
class UvBundling:
    """Installs the locked packages for the target and copies the sources beside them."""

    def __init__(self, *, requirements: str, target: BundleTarget) -> None:
        self._requirements = requirements
        self._target = target

    def try_bundle(self, output_dir: str, *_args: Any, **_kwargs: Any) -> bool:
        """Fill the folder or raise; False would make CDK look for Docker."""
        output = Path(output_dir)
        run_uv(
            *("pip", "install", "--quiet", "--no-deps", "--require-hashes"),
            *("--no-installer-metadata", "--no-compile-bytecode"),
            *("--python", sys.executable, *self._target.install_options),
            *("--target", str(output), "--requirements", "-"),
            stdin=self._requirements,
        )
        _prune(output)
        for package in SOURCE_PACKAGES:
            shutil.copytree(
                ROOT / package,
                output / package,
                ignore=shutil.ignore_patterns(*_NOT_IN_FUNCTIONS),
            )
        self._compile(output)
        return True

    def _compile(self, output: Path) -> None:
        """Spare each cold start the compiling, where this interpreter can do it for the target."""
        if self._target.python_version == _OWN_VERSION:
            # By hash, unchecked: a zip rounds the time stamps that the default would compare.
            compileall.compile_dir(
                output,
                quiet=2,
                stripdir=str(output),
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )


def _export_requirements() -> str:
    return run_uv(
        *("export", "--quiet", "--frozen", "--no-default-groups", "--no-emit-project"),
        *("--extra", "lambda", "--no-header", "--no-annotate"),
    )


def run_uv(*arguments: str, stdin: str | None = None) -> str:
    """Run the locked uv; return what it prints, or raise with what it says."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "--no-progress", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, input=stdin, text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"uv {arguments[0]} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def _prune(output: Path) -> None:
    (output / ".lock").unlink(missing_ok=True)
    for unused in _UNUSED:
        shutil.rmtree(output / unused, ignore_errors=True)
    for font in (output / "font_manrope" / "files").glob("*.ttf"):
        if font.name not in _FONTS:
            font.unlink()
    for asset in (*(output / _PAGE).glob("*.js"), *(output / _PAGE).glob("*.css")):
        asset.unlink()
    for service in (output / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in _BOTO_SERVICES:
            shutil.rmtree(service)


def _fingerprint(requirements: str, target: BundleTarget) -> str:
    """A hash over everything that goes into the bundle and over how it is made."""
    digest = hashlib.sha256()
    digest.update(f"{requirements}\n{target}\n{_OWN_VERSION}\n".encode())
    digest.update(Path(__file__).read_bytes())
    for path in source_files(ROOT):
        content = (ROOT / path).read_bytes()
        digest.update(f"{path.as_posix()}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def source_files(root: Path) -> list[Path]:
    """The files of ours that a function is made of, relative to the root, in a stable order."""
    found = (path for package in SOURCE_PACKAGES for path in (root / package).rglob("*"))
    relative = (path.relative_to(root) for path in found if path.is_file())
    return sorted(path for path in relative if not set(path.parts) & set(_NOT_IN_FUNCTIONS))
