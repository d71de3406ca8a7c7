"""The ant's view of the artifact bucket: whole files in and out, streamed, with their SHA-256."""

import base64
import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

# boto3 has no types; its clients are typed by stubs.
from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]

from ant_agent.aws_access import AwsAccess
from ant_agent.aws_errors import AWS_FAULTS, error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

_SINGLE_PUT = 64 * 2**20
_IN_PARTS = TransferConfig(multipart_threshold=_SINGLE_PUT, multipart_chunksize=16 * 2**20)
_BLOCK = 2**20
_MISSING = frozenset({"NoSuchKey", "404", "NoSuchBucket"})


class ObjectMissingError(Exception):
    """There is no such object."""


class S3ObjectStore:
    """Speaks to S3 with the ant's credentials; the bucket is that of the last registration."""

    def __init__(self, aws: AwsAccess, bucket: Callable[[], str]) -> None:
        self._aws = aws
        self._bucket = bucket

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Store a small object."""

        def call(s3: "S3Client") -> None:
            s3.put_object(Bucket=self._bucket(), Key=key, Body=body, ContentType=content_type)

        self._aws.s3(call)

    def upload(self, file: Path, key: str, content_type: str, sha256: str) -> None:
        """Store a file; the store refuses it when it is not what the hash says."""

        def call(s3: "S3Client") -> None:
            if file.stat().st_size > _SINGLE_PUT:
                s3.upload_file(
                    str(file),
                    self._bucket(),
                    key,
                    ExtraArgs={"ContentType": content_type, "Metadata": {"sha256": sha256}},
                    Config=_IN_PARTS,
                )
                return
            with file.open("rb") as body:
                s3.put_object(
                    Bucket=self._bucket(),
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    Metadata={"sha256": sha256},
                    ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                )

        self._aws.s3(call)

    def download(self, key: str, file: Path, check: Callable[[], None]) -> str:
        """Fetch an object into a file; return its SHA-256; `check` is called between blocks."""

        def call(s3: "S3Client") -> "GetObjectOutputTypeDef":
            return s3.get_object(Bucket=self._bucket(), Key=key)

        try:
            answer = self._aws.s3(call)
        except AWS_FAULTS as error:
            if error_code(error) in _MISSING:
                raise ObjectMissingError(key) from error
            raise
        digest = hashlib.sha256()
        with contextlib.closing(answer["Body"]) as body, file.open("wb") as out:
            for block in body.iter_chunks(_BLOCK):
                check()
                digest.update(block)
                out.write(block)
        return digest.hexdigest()
