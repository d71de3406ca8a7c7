"""Mailer on SES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ParamValidationError  # type: ignore[import-untyped] # has no types

from formicary.adapters.aws.error_mapping import aws_errors
from formicary.domain.errors import DeliveryRefusedError

if TYPE_CHECKING:
    from formicary.domain.letter import Letter


class SesMailer:
    """Sends from one address, which SES must know as an identity, or its domain."""

    def __init__(self, client: Any, sender: str) -> None:
        self._client = client
        self._sender = sender

    @aws_errors()
    def send(self, address: str, letter: Letter) -> None:
        """Send a letter, plain and as HTML."""
        try:
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [address]},
                Content={
                    "Simple": {
                        "Subject": _text(letter.subject),
                        "Body": {"Text": _text(letter.text), "Html": _text(letter.html)},
                    }
                },
            )
        except ParamValidationError as error:
            raise DeliveryRefusedError("SES cannot send to such an address.") from error


def _text(data: str) -> dict[str, str]:
    return {"Data": data.encode(errors="replace").decode(), "Charset": "UTF-8"}
