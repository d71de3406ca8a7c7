"""The ant's view of the artifact bucket: whole files in and out, streamed, with their SHA-256."""

import base64
import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

# The parts of boto3 have no types; its clients are typed by stubs.
from s3transfer.utils import ReadFileChunk  # type: ignore[import-untyped]

from ant_agent.artifact_upload import UploadLostError
from ant_agent.aws_access import AwsAccess
from ant_agent.aws_errors import AWS_FAULTS, error_code
from ant_agent.file_parts import FilePart, HashedFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, GetObjectOutputTypeDef

_BLOCK = 2**20
_MISSING = frozenset({"NoSuchKey", "404", "NoSuchBucket"})


class ObjectMissingError(Exception):
    """There is no such object."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is known of an object without reading it."""

    size: int
    age_seconds: float


class S3ObjectStore:
    """Speaks to S3 with the ant's credentials; the bucket is that of the last registration."""

    def __init__(self, aws: AwsAccess, bucket: Callable[[], str]) -> None:
        self._aws = aws
        self._bucket = bucket

    def put(
        self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Store a small object."""

        def call(s3: "S3Client") -> None:
            s3.put_object(
                Bucket=self._bucket(),
                Key=key,
                Body=body,
                ContentType=content_type,
                Metadata=metadata or {},
            )

        self._aws.s3(call)

    def upload(self, file: HashedFile, key: str, content_type: str) -> None:
        """Store a file in one request; the store refuses it when it is not what the hash says."""

        def call(s3: "S3Client") -> None:
            with file.path.open("rb") as body:
                s3.put_object(
                    Bucket=self._bucket(),
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    Metadata={"sha256": file.sha256},
                    ChecksumSHA256=_base64(file.sha256),
                )

        self._aws.s3(call)

    def begin_parts(self, key: str, content_type: str, sha256: str) -> str:
        """Begin an object of parts; return the upload's id."""

        def call(s3: "S3Client") -> str:
            return s3.create_multipart_upload(
                Bucket=self._bucket(),
                Key=key,
                ContentType=content_type,
                Metadata={"sha256": sha256},
                ChecksumAlgorithm="SHA256",
            )["UploadId"]

        return self._aws.s3(call)

    def put_part(self, key: str, upload_id: str, file: HashedFile, part: FilePart) -> str:
        """Store a part, read from the file as it goes out; return its tag."""

        def call(s3: "S3Client") -> str:
            with file.path.open("rb") as content:
                content.seek(part.offset)
                return s3.upload_part(
                    Bucket=self._bucket(),
                    Key=key,
                    UploadId=upload_id,
                    PartNumber=part.number,
                    Body=ReadFileChunk(content, part.size, file.size, enable_callbacks=False),
                    ContentLength=part.size,
                    ChecksumSHA256=_base64(part.sha256),
                )["ETag"]

        with _upload_known():
            return self._aws.s3(call)

    def finish_parts(self, key: str, upload_id: str, tags: list[tuple[FilePart, str]]) -> None:
        """Make the object of its parts; until then nobody can read any of it."""
        parts: list[CompletedPartTypeDef] = [
            {"PartNumber": part.number, "ETag": tag, "ChecksumSHA256": _base64(part.sha256)}
            for part, tag in tags
        ]

        def call(s3: "S3Client") -> None:
            s3.complete_multipart_upload(
                Bucket=self._bucket(),
                Key=key,
                UploadId=upload_id,
                MultipartUpload={"Parts": parts},
            )

        with _upload_known():
            self._aws.s3(call)

    def abort_parts(self, key: str, upload_id: str) -> None:
        """Drop an upload and its parts."""

        def call(s3: "S3Client") -> None:
            s3.abort_multipart_upload(Bucket=self._bucket(), Key=key, UploadId=upload_id)

        self._aws.s3(call)

    def download(self, key: str, file: Path, check: Callable[[], None]) -> str:
        """Fetch an object into a file; return its SHA-256; `check` is called between blocks.

        What an attempt before has left in the file is kept and only the rest fetched.
        """
        digest, have = hashlib.sha256(), 0
        with file.open("a+b") as out:
            out.seek(0)
            while block := out.read(_BLOCK):
                check()
                digest.update(block)
                have += len(block)
            answer = self._get(key, have)
            if answer is not None:
                with contextlib.closing(answer["Body"]) as body:
                    for block in body.iter_chunks(_BLOCK):
                        check()
                        digest.update(block)
                        out.write(block)
        return digest.hexdigest()

    def stored(self, key: str) -> StoredObject | None:
        """Tell the size and age of an object, None when there is none.

        A listing, since S3 answers 403 to a look at a missing object of a prefix. The age is by the
        clock of the store, which may differ from ours.
        """
        answer = self._aws.s3(
            lambda s3: s3.list_objects_v2(Bucket=self._bucket(), Prefix=key, MaxKeys=1)
        )
        for item in answer.get("Contents", []):
            if item["Key"] == key:
                date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
                now = parsedate_to_datetime(date) if date else datetime.now(UTC)
                return StoredObject(item["Size"], (now - item["LastModified"]).total_seconds())
        return None

    def _get(self, key: str, offset: int) -> "GetObjectOutputTypeDef | None":
        """Begin to read an object; None when nothing of it lies behind the offset."""

        def call(s3: "S3Client") -> "GetObjectOutputTypeDef":
            if offset:
                return s3.get_object(Bucket=self._bucket(), Key=key, Range=f"bytes={offset}-")
            return s3.get_object(Bucket=self._bucket(), Key=key)

        try:
            return self._aws.s3(call)
        except AWS_FAULTS as error:
            if error_code(error) in _MISSING:
                raise ObjectMissingError(key) from error
            if error_code(error) == "InvalidRange":
                return None
            raise


@contextlib.contextmanager
def _upload_known() -> Iterator[None]:
    try:
        yield
    except AWS_FAULTS as error:
        if error_code(error) == "NoSuchUpload":
            raise UploadLostError("the store forgot the upload") from error
        raise


def _base64(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode()
