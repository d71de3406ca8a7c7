"""The root key of secrets as an encrypted parameter of Systems Manager, made when first needed.

KMS seals it under the account's own key for parameters (`aws/ssm`), which costs nothing.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.domain.errors import ConcurrentUpdateError, NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_KEY_BYTES = 32


class SsmRootKeys:
    """RootKeys in versions of one parameter; the id of a key is its version."""

    def __init__(self, client: SSMClient, parameter_name: str) -> None:
        self._client = client
        self._name = parameter_name

    def current(self) -> tuple[str, bytes]:
        """Return the newest key, the first one if there is none yet."""
        try:
            return self._read(self._name)
        except NotFoundError:
            self._make()
            return self._read(self._name)

    def find(self, key_id: str) -> bytes:
        """Return a key by its version."""
        return self._read(f"{self._name}:{int(key_id)}")[1]

    @aws_errors()
    def _read(self, name: str) -> tuple[str, bytes]:
        parameter = self._client.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        return str(parameter["Version"]), base64.b64decode(parameter["Value"])

    def _make(self) -> None:
        try:
            self._put(base64.b64encode(os.urandom(_KEY_BYTES)).decode())
        except ConcurrentUpdateError:
            return  # somebody else has made it at the same moment: theirs is the one

    @aws_errors()
    def _put(self, value: str) -> None:
        self._client.put_parameter(
            Name=self._name,
            Value=value,
            Type="SecureString",
            Description="Root key of Formicary's secrets. Without it they cannot be opened.",
            Overwrite=False,
        )
