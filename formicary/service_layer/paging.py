"""Pages of lists, as the API shows them."""

from collections.abc import Callable
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from formicary.domain.records import Page

T = TypeVar("T")
V = TypeVar("V")
DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 200


class PageRequest(BaseModel):
    """Which page of a list is asked for: by number, or by the token of the page before."""

    model_config = ConfigDict(frozen=True)

    page: int = Field(default=0, ge=0, le=100_000)
    page_size: int = Field(default=DEFAULT_PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    token: str | None = None

    @property
    def offset(self) -> int:
        """Number of records before the page."""
        return self.page * self.page_size


class PageView(BaseModel, Generic[V]):
    """One page of a list; `next_token`, given back as `token`, goes on where it ended."""

    records: list[V]
    page: int
    page_size: int
    total_records: int
    total_pages: int
    next_token: str | None = None


def page_view(found: Page[T], request: PageRequest, view: Callable[[T], V]) -> PageView[V]:
    """Show a page of records."""
    return PageView(
        records=[view(record) for record in found.records],
        page=request.page,
        page_size=request.page_size,
        total_records=found.total,
        total_pages=-(-found.total // request.page_size),
        next_token=found.next_token,
    )
