"""The artifact bucket on S3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.domain.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DELETED_AT_ONCE = 1000


class S3ObjectStore:
    """ObjectStore on one bucket; objects go through memory, so it is for small ones."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @aws_errors()
    def put(
        self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Store an object."""
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=body,
            ContentType=content_type,
            Metadata=metadata or {},
        )

    def get(self, key: str) -> bytes | None:
        """Return an object, None when there is none."""
        try:
            return self._read(key)
        except NotFoundError:
            return None

    @aws_errors()
    def metadata(self, key: str) -> Mapping[str, str]:
        """Return what was noted of an object."""
        return self._client.head_object(Bucket=self._bucket, Key=key)["Metadata"]

    @aws_errors()
    def list_keys(self, prefix: str, limit: int | None = None) -> Sequence[str]:
        """Return the keys below a prefix, sorted: all, or the first ones."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket,
            Prefix=prefix,
            PaginationConfig={} if limit is None else {"MaxItems": limit},
        )
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))

    @aws_errors()
    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are not there are no fault."""
        for begin in range(0, len(keys), _DELETED_AT_ONCE):
            some = keys[begin : begin + _DELETED_AT_ONCE]
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": k} for k in some], "Quiet": True}
            )
            if answer.get("Errors"):
                code = answer["Errors"][0].get("Code", "")
                raise UnavailableError(f"S3 did not remove an object: {code}", aws_code=code)

    @aws_errors()
    def presigned_get(self, key: str, expires_seconds: int, filename: str | None = None) -> str:
        """Return a URL that anybody may read the object with; browsers save it as `filename`."""
        parameters: dict[str, Any] = {"Bucket": self._bucket, "Key": key}
        if filename:
            # RFC 6266: the starred form carries any character and cannot be broken out of.
            parameters["ResponseContentDisposition"] = (
                f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
            )
        return self._client.generate_presigned_url(
            "get_object", Params=parameters, ExpiresIn=expires_seconds
        )

    @aws_errors()
    def _read(self, key: str) -> bytes:
        body: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body
