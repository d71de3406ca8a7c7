"""No form of a secret leaves the host, however it is cut into blocks and lines."""

import base64
import itertools
import json
import string
import tracemalloc
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ant_agent.masking import MASK, MIN_LENGTH, Secrets, StreamMasker

_SECRET = "s3cr3t/+ü\"$ '&=%"
secret_texts = st.text(
    st.sampled_from(string.ascii_letters + string.digits + "/+=-_$%&'\"\\ ü€"),
    min_size=8,
    max_size=40,
).filter(lambda text: len(text.strip()) >= 8)
FORMS = {
    "plain": lambda s: s.encode(),
    "base64": lambda s: base64.b64encode(s.encode()),
    "base64 without padding": lambda s: base64.b64encode(s.encode()).rstrip(b"="),
    "base64 behind one byte": lambda s: base64.b64encode(b":" + s.encode())[2:],
    "base64 behind two bytes": lambda s: base64.b64encode(b"u:" + s.encode())[3:],
    "url-safe base64": lambda s: base64.urlsafe_b64encode(s.encode()),
    "hex": lambda s: s.encode().hex().encode(),
    "upper-case hex": lambda s: s.encode().hex().upper().encode(),
    "url-encoded": lambda s: quote(s, safe="").encode(),
    "form-encoded": lambda s: quote_plus(s).encode(),
    "lower-case url-encoded": lambda s: _lower_codes(quote(s, safe="")).encode(),
    "json": lambda s: json.dumps(s)[1:-1].encode(),
    "json in utf-8": lambda s: json.dumps(s, ensure_ascii=False)[1:-1].encode(),
}


def _lower_codes(text: str) -> str:
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def _in_blocks(
    secrets: Secrets, text: bytes, cuts: list[int], *, with_pauses: bool = False
) -> bytes:
    masker = StreamMasker(secrets)
    borders = sorted({0, *(cut % (len(text) + 1) for cut in cuts), len(text)})
    masked = b""
    for begin, end in itertools.pairwise(borders):
        masked += masker.feed(text[begin:end])
        masked += masker.pause() if with_pauses else b""
    return masked + masker.finish()


def _core(form: bytes) -> bytes:
    """What surely belongs to the secret alone: base64 shares its last characters."""
    return form.rstrip(b"=")[:-1]


@given(
    secret=secret_texts,
    form=st.sampled_from(sorted(FORMS)),
    before=st.binary(max_size=20),
    after=st.binary(max_size=20),
    cuts=st.lists(st.integers(min_value=0, max_value=300), max_size=6),
)
def test_no_form_passes_however_the_stream_is_cut(
    secret: str, form: str, before: bytes, after: bytes, cuts: list[int]
) -> None:
    written = FORMS[form](secret)

    masked = _in_blocks(Secrets([secret]), before + written + after, cuts)

    assert _core(written) not in masked
    assert MASK.encode() in masked


@given(
    secret=secret_texts,
    form=st.sampled_from(sorted(FORMS)),
    width=st.integers(min_value=1, max_value=30),
    line_end=st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"]),
    cuts=st.lists(st.integers(min_value=0, max_value=300), max_size=6),
)
def test_no_form_passes_when_it_is_broken_into_lines(
    secret: str, form: str, width: int, line_end: bytes, cuts: list[int]
) -> None:
    written = FORMS[form](secret)
    lines = line_end.join(written[i : i + width] for i in range(0, len(written), width))

    masked = _in_blocks(Secrets([secret]), b"<" + lines + b">", cuts)

    assert _core(written) not in masked.replace(b"\n", b"").replace(b"\r", b"")


@given(
    secret=secret_texts,
    form=st.sampled_from(sorted(FORMS)),
    width=st.integers(min_value=1, max_value=60),
    before=st.binary(max_size=20),
    cuts=st.lists(st.integers(min_value=0, max_value=300), max_size=12),
)
def test_pauses_show_three_characters_of_a_form_at_most(
    secret: str, form: str, width: int, before: bytes, cuts: list[int]
) -> None:
    written = FORMS[form](secret)
    lines = b"\n".join(written[i : i + width] for i in range(0, len(written), width))

    masked = _in_blocks(Secrets([secret]), before + b"<" + lines + b">", cuts, with_pauses=True)

    assert _core(written)[: MIN_LENGTH + 1] not in masked.replace(b"\n", b"")
    assert _core(written)[MIN_LENGTH - 1 :] not in masked.replace(b"\n", b"")


@given(
    text=st.binary(max_size=400),
    cuts=st.lists(st.integers(min_value=0, max_value=400), max_size=8),
    with_pauses=st.booleans(),
)
def test_what_holds_no_secret_passes_unchanged(
    text: bytes, cuts: list[int], *, with_pauses: bool
) -> None:
    secrets = Secrets(["a-secret-that-is-not-there"])

    assert _in_blocks(secrets, text, cuts, with_pauses=with_pauses) == text


@given(
    secrets=st.lists(st.text("ab", min_size=4, max_size=8), min_size=1, max_size=4),
    text=st.text("ab\n", max_size=80),
    cuts=st.lists(st.integers(min_value=0, max_value=80), max_size=8),
)
def test_overlapping_secrets_are_all_masked(secrets: list[str], text: str, cuts: list[int]) -> None:
    masked = _in_blocks(Secrets(secrets), text.encode(), cuts)

    # What stars leave between them is text as it was: no whole secret is among it.
    kept = masked.replace(b"\n", b"").split(b"*")
    assert not any(secret.encode() in piece for secret in secrets for piece in kept)


@pytest.mark.parametrize("cut", range(40))
def test_nothing_depends_on_where_a_block_ends(cut: int) -> None:
    text = f"a {_SECRET} b\n".encode()

    assert _in_blocks(Secrets([_SECRET]), text, [cut]) == b"a *** b\n"


@given(
    secrets=st.lists(st.text("ab0", min_size=4, max_size=7), min_size=1, max_size=3),
    pieces=st.lists(st.integers(min_value=0, max_value=6), max_size=12),
    cuts=st.lists(st.integers(min_value=0, max_value=80), max_size=4),
)
@example(secrets=["b00b"], pieces=[4, 3], cuts=[4])
def test_an_end_that_may_begin_another_secret_is_masked_with_the_rest_of_its_own(
    secrets: list[str], pieces: list[int], cuts: list[int]
) -> None:
    parts = ["a", "b", "0", "\n", *secrets]
    text = "".join(parts[piece % len(parts)] for piece in pieces).encode()

    assert _in_blocks(Secrets(secrets), text, cuts) == _in_blocks(Secrets(secrets), text, [])


def test_lines_stay_lines() -> None:
    secrets = Secrets(["first line\nsecond line\n"])

    assert secrets.mask("> first line\n> second line\n") == "> ***\n> ***\n"
    assert secrets.mask("first line\nsecond line\nend") == "***\n***\nend"


def test_what_is_no_secret_is_not_held_back() -> None:
    masker = StreamMasker(Secrets([_SECRET]))

    assert masker.feed(b"working... ") == b"working... "
    assert masker.feed(b"s3") == b""
    assert masker.feed(b"ven\n") == b"s3ven\n"


def test_a_line_that_ends_as_a_secret_begins_is_whole_after_a_pause() -> None:
    masker = StreamMasker(Secrets([_SECRET]))

    assert masker.feed(b"ready: s\n") == b"ready: "
    assert (masker.held, masker.pause(), masker.pause()) == (2, b"s\n", b"")
    assert masker.held == 0
    assert masker.feed(b"more s") == b"more "
    assert masker.pause() == b"s"
    assert masker.feed(_SECRET[1:].encode() + b"\n") + masker.finish() == b"***\n"


def test_most_of_a_secret_is_not_shown_however_long_a_pause_is() -> None:
    masker = StreamMasker(Secrets([_SECRET]))

    assert masker.feed(_SECRET[:5].encode()) + masker.pause() == b""
    assert masker.feed(_SECRET[5:].encode()) + masker.finish() == b"***"


def test_values_that_are_too_short_to_tell_are_no_secrets() -> None:
    assert Secrets(["abc", "", "   "]).mask("abc   ") == "abc   "


def test_a_secret_without_end_does_not_fill_the_memory() -> None:
    masker = StreamMasker(Secrets(["aaaa"]))
    tracemalloc.start()
    sizes = [len(masker.feed(b"a" * 4096)) for _ in range(30)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert max(sizes) < 100
    assert peak < 4 * 2**20
