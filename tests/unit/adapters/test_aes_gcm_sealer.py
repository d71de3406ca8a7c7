"""A sealed secret opens for its tenant, owner and name, as it was sealed, and in no other way."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formicary.adapters.aes_gcm_sealer import AesGcmSealer
from formicary.adapters.memory.in_memory_root_keys import InMemoryRootKeys
from formicary.domain.config import ConfigOwner, ConfigScope
from formicary.domain.errors import BrokenSealError

OWNER = ConfigOwner(ConfigScope.JOB, "greet")
SEALER = AesGcmSealer(InMemoryRootKeys())


def sealed(secret="open sesame"):
    return SEALER.seal("acme", OWNER, "Token", secret)


@given(st.text(max_size=200))
def test_what_was_sealed_opens_again(secret):
    assert SEALER.open("acme", OWNER, "Token", sealed(secret)) == secret


def test_the_same_secret_looks_different_each_time():
    assert sealed() != sealed()


def test_nothing_of_the_secret_shows():
    assert b"sesame" not in base64.b64decode(sealed().rpartition(".")[2])


@pytest.mark.parametrize(
    ("tenant", "owner", "name"),
    [
        ("evil", OWNER, "Token"),
        ("acme", ConfigOwner(ConfigScope.JOB, "other"), "Token"),
        ("acme", ConfigOwner(ConfigScope.USER, "greet"), "Token"),
        ("acme", OWNER, "Other"),
    ],
)
def test_it_opens_for_nobody_else(tenant, owner, name):
    with pytest.raises(BrokenSealError):
        SEALER.open(tenant, owner, name, sealed())


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_breaks_the_seal(place, change):
    head, _, text = sealed().rpartition(".")
    raw = bytearray(base64.b64decode(text))
    raw[place % len(raw)] ^= change

    with pytest.raises(BrokenSealError):
        SEALER.open("acme", OWNER, "Token", f"{head}.{base64.b64encode(raw).decode()}")


@pytest.mark.parametrize("text", ["", "x", "1.1.", "1.1.AAAA", "1.1.!", "2.1.AAAA", "1..", "..."])
def test_what_was_never_sealed_is_no_secret(text):
    with pytest.raises(BrokenSealError):
        SEALER.open("acme", OWNER, "Token", text)


def test_another_root_key_opens_nothing():
    with pytest.raises(BrokenSealError):
        AesGcmSealer(InMemoryRootKeys()).open("acme", OWNER, "Token", sealed())
