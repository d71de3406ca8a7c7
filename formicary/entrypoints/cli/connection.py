"""Where the control plane is: said by options, the environment, or the file of `make up`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from formicary.domain.errors import InvalidRequestError

_CHECKOUT = Path(__file__).resolve().parents[3]
_NOWHERE = (
    "Where is the control plane? Give --url and --token, set FORMICARY_URL and FORMICARY_TOKEN,\n"
    "or run `make up` in a clone: it starts a local one and writes .formicary/env."
)


@dataclass(frozen=True, slots=True)
class Connection:
    """An address, a token, and the file that named them, if one did."""

    url: str
    token: str
    file: Path | None = None


def find_connection(url: str | None, token: str | None, home: str | None) -> Connection:
    """Return the connection; what is given goes before what the file says."""
    file = next((path for path in _candidates(home) if path.is_file()), None)
    known = read_env_file(file) if file else {}
    chosen = url or known.get("FORMICARY_URL", "")
    if not chosen:
        raise InvalidRequestError(_NOWHERE)
    if not chosen.startswith(("http://", "https://")):
        raise InvalidRequestError(f"The address {chosen!r} must begin with http:// or https://.")
    # The token of one system is not for the eyes of another.
    same_system = chosen.rstrip("/") == known.get("FORMICARY_URL", "").rstrip("/")
    stored = known.get("FORMICARY_TOKEN", "") if same_system else ""
    return Connection(chosen, token or stored, file if same_system else None)


def read_env_file(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of a file, `export` and quotes taken off."""
    values = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            values[name.strip()] = value.strip().strip("'\"")
    return values


def _candidates(home: str | None) -> Iterator[Path]:
    if home:
        yield Path(home) / "env"
        return
    yield Path.cwd() / ".formicary" / "env"
    yield _CHECKOUT / ".formicary" / "env"
