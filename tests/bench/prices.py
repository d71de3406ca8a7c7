"""What AWS asks for: list prices of us-east-1 as of November 2026, first tier, in US dollars.

No free tier is taken off: half of it ends after a year. Check the table against the pages before
relying on it; a price is what the page says, for that many units.
"""

from dataclasses import dataclass

DATE = "2026-11"
REGION = "us-east-1"
_MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """Dollars for so many units, and the page that says so."""

    dollars: float
    units: float
    unit: str
    page: str

    def of(self, amount: float) -> float:
        """Return what an amount costs."""
        return amount * self.dollars / self.units


DYNAMODB_WRITES = Price(
    0.625, _MILLION, "write request units", "https://aws.amazon.com/dynamodb/pricing/on-demand/"
)
DYNAMODB_READS = Price(
    0.125, _MILLION, "read request units", "https://aws.amazon.com/dynamodb/pricing/on-demand/"
)
SQS_REQUESTS = Price(
    0.40, _MILLION, "requests of standard queues, 64 KB each", "https://aws.amazon.com/sqs/pricing/"
)
LAMBDA_REQUESTS = Price(0.20, _MILLION, "requests", "https://aws.amazon.com/lambda/pricing/")
LAMBDA_GB_SECONDS = Price(0.0000133334, 1, "GB-seconds, arm64", LAMBDA_REQUESTS.page)
HTTP_API_REQUESTS = Price(
    1.00, _MILLION, "HTTP API requests, 512 KB each", "https://aws.amazon.com/api-gateway/pricing/"
)
EVENTBRIDGE_EVENTS = Price(
    1.00, _MILLION, "custom events, 64 KB each", "https://aws.amazon.com/eventbridge/pricing/"
)
S3_PUTS = Price(0.005, 1000, "PUT, COPY, POST, LIST requests", "https://aws.amazon.com/s3/pricing/")
S3_GETS = Price(0.0004, 1000, "GET and other requests", S3_PUTS.page)
LOG_BYTES = Price(
    0.50, 1_000_000_000, "bytes taken in by CloudWatch Logs",
    "https://aws.amazon.com/cloudwatch/pricing/",
)  # fmt: skip
