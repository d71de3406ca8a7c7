"""Webhooks over real sockets: bounded, guarded, redirects not followed."""

import socket
import threading
from contextlib import contextmanager

import pytest

from formicary.adapters.http.guarded_caller import MAX_ANSWER, GuardedWebCaller
from formicary.domain.addresses import is_metadata, is_public
from formicary.domain.errors import DeliveryRefusedError, UnavailableError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def server(answer):
    """Answer one connection with these bytes (None: nothing); yield its URL and what it read."""
    listener = socket.create_server(("127.0.0.1", 0))
    read = []
    over = threading.Event()

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            read.append(connection.recv(65536))
            while b"\r\n\r\n" not in read[-1] or not read[-1].endswith(b"}"):
                read[-1] += connection.recv(65536)
            if answer is None:
                over.wait(30)
            else:
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", read
    finally:
        over.set()
        listener.close()
        thread.join(10)


def test_a_body_arrives_with_its_headers_and_query():
    with server(OK) as (url, read):
        caller = GuardedWebCaller(private=True)
        answer = caller.post(f"{url}/a b?x=ü&y=%20", b"{}", {"X-Key": "k"})

    assert (answer.status, answer.body) == (200, b"ok")
    head, _, body = read[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a%20b?x=%C3%BC&y=%20 HTTP/1.1\r\n")
    assert b"X-Key: k" in head
    assert f"Host: {url.removeprefix('http://')}".encode() in head
    assert body == b"{}"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "[::1]", "[::ffff:10.0.0.1]"]
)
def test_private_addresses_are_refused_unless_the_deployment_allows_them(host):
    with pytest.raises(DeliveryRefusedError, match="not public"):
        GuardedWebCaller().post(f"http://{host}:9/", b"{}", {})


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200"])
def test_metadata_services_are_refused_whatever_the_deployment_says(host):
    with pytest.raises(DeliveryRefusedError):
        GuardedWebCaller(private=True).post(f"http://{host}/", b"{}", {})


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.0.0.2", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]"],
)
def test_a_closed_port_of_the_own_host_is_refused_by_all_its_addresses(host):
    """Where a function is handed its calls, it could be told of others."""
    with server(OK) as (url, read):
        port = int(url.rpartition(":")[2])
        caller = GuardedWebCaller(private=True, closed=(f"127.0.0.1:{port}",))
        with pytest.raises(DeliveryRefusedError, match=f"nobody may call port {port}"):
            caller.post(f"http://{host}:{port}/2018-06-01/runtime/init/error", b"{}", {})
        other = GuardedWebCaller(private=True, closed=(f"127.0.0.1:{port + 1}", f"10.0.0.1:{port}"))
        assert other.post(url, b"{}", {}).status == 200

    assert len(read) == 1


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "http:///x", "http://[::1", "http://h:99999/", "mailto:a@b"]
)
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(DeliveryRefusedError):
        GuardedWebCaller(private=True).post(url, b"{}", {})


def test_a_header_with_a_line_break_is_refused():
    caller = GuardedWebCaller(private=True)
    with server(OK) as (url, read):
        with pytest.raises(DeliveryRefusedError):
            caller.post(url, b"{}", {"X-Key": "a\r\nHost: b"})
        assert caller.post(url, b"{}", {}).status == 200

    assert b"Host: b" not in read[0]


def test_a_redirect_is_returned_and_not_followed():
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with server(answer) as (url, _):
        assert GuardedWebCaller(private=True).post(url, b"{}", {}).status == 302


def test_of_a_long_answer_the_beginning_is_read():
    long = b"x" * (MAX_ANSWER * 4)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(long)}\r\n\r\n".encode()
    with server(head + long) as (url, _):
        assert len(GuardedWebCaller(private=True).post(url, b"{}", {}).body) == MAX_ANSWER


def test_a_server_that_says_nothing_is_given_up():
    with server(None) as (url, _), pytest.raises(UnavailableError, match="does not answer"):
        GuardedWebCaller(private=True, seconds=0.5).post(url, b"{}", {})


def test_nobody_there_is_told():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(UnavailableError, match="ConnectionRefused"):
        GuardedWebCaller(private=True).post(f"http://127.0.0.1:{port}/", b"{}", {})


def test_a_host_that_does_not_exist_is_told():
    with pytest.raises(UnavailableError, match="not found"):
        GuardedWebCaller().post("http://no-such-host.invalid/", b"{}", {})


def test_addresses_of_the_internet_are_public_and_no_others():
    assert is_public("93.184.215.14")
    assert is_public("2606:4700::1111")
    for address in (
        "10.1.2.3",
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "fe80::1%1",
    ):
        assert not is_public(address)
    assert is_metadata("::ffff:169.254.169.254")
