import pytest

from formicary.domain.errors import InvalidRequestError
from formicary.entrypoints.cli.connection import find_connection

FILE = "# local\nexport FORMICARY_URL='http://127.0.0.1:4566/x/'\nFORMICARY_TOKEN=abc=\n\nAWS_X=1\n"


@pytest.fixture
def clone(tmp_path, monkeypatch):
    (tmp_path / ".formicary").mkdir()
    (tmp_path / ".formicary" / "env").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_in_a_clone_the_file_of_make_up_is_enough(clone):
    found = find_connection(None, None, None)

    assert (found.url, found.token) == ("http://127.0.0.1:4566/x/", "abc=")


def test_another_home_has_another_file(clone, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "env").write_text("FORMICARY_URL=http://h:1\nFORMICARY_TOKEN=t2\n")

    assert find_connection(None, None, str(other)).token == "t2"


def test_the_token_of_the_file_is_not_sent_to_another_address(clone):
    assert find_connection("https://elsewhere.example", None, None).token == ""
    assert find_connection("http://127.0.0.1:4566/x", None, None).token == "abc="


def test_a_given_token_goes_before_that_of_the_file(clone):
    assert find_connection(None, "mine", None).token == "mine"


def test_an_address_without_a_scheme_is_refused():
    with pytest.raises(InvalidRequestError, match="http"):
        find_connection("localhost:4566", None, None)
