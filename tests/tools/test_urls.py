import gzip
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tools import urls
from tools.errors import UserError
from tools.intake import MAX_BYTES

HOSTS = {
    "pictures.test": ["93.184.216.34"],
    "inner.test": ["10.0.0.5"],
    "both.test": ["93.184.216.34", "127.0.0.1"],
}


def lookup(host: str, port: int) -> list[str]:
    if host in HOSTS:
        return HOSTS[host]
    if host.replace(".", "").isdigit() or ":" in host:
        return [host]
    raise OSError("unknown")


@pytest.fixture
def fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], bytes]:
    """Fetches from a web of few pages, and gives what was written."""
    monkeypatch.setenv("SCENOGRAPH_URLS", "1")

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "93.184.216.34"
        assert request.headers["host"].startswith("pictures.test")
        assert request.extensions["sni_hostname"] == "pictures.test"
        match request.url.path.split("/")[1:]:
            case ["a.png"]:
                return httpx.Response(200, content=b"picture")
            case ["packed"]:
                return httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"picture"))
            case ["large"]:
                return httpx.Response(200, content=b"x" * (MAX_BYTES + 1))
            case ["to", number]:
                return httpx.Response(302, headers={"location": f"/to/{int(number) - 1}" if int(number) else "/a.png"})
            case ["away", *where]:
                return httpx.Response(302, headers={"location": "/".join(where)})
        return httpx.Response(404)

    return lambda url: urls.download(url, tmp_path / "web", httpx.MockTransport(answer), lookup).read_bytes()


@pytest.mark.parametrize("path", ["a.png", "to/0", "to/4"])
def test_a_picture_is_fetched_over_redirects_too(fetch: Callable[[str], bytes], path: str) -> None:
    assert fetch(f"https://pictures.test/{path}") == b"picture"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://pictures.test/none", "answered 404"),
        ("http://pictures.test/large", "more than 64 MB"),
        ("http://pictures.test/packed", "sends the picture packed"),
        ("http://pictures.test/to/5", "redirects more than 5 times"),
        ("http://unknown.test/a.png", "unknown.test is not known"),
        ("http://inner.test/a.png", "inner.test is no public address"),
        ("http://both.test/a.png", "both.test is no public address"),
        ("http://127.0.0.1/a.png", "no public address"),
        ("http://[::1]/a.png", "no public address"),
        ("http://pictures.test/away/http://169.254.169.254/latest", "169.254.169.254 is no public address"),
        ("http://pictures.test/away/http://inner.test/a.png", "inner.test is no public address"),
        ("http://pictures.test/away/file:///etc/passwd", "no web address"),
        ("http://", "no web address|cannot fetch"),
        ("http://pictures.test:port/a.png", "cannot fetch"),
    ],
)
def test_what_is_refused(fetch: Callable[[str], bytes], url: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        fetch(url)
    assert "\n" not in str(caught.value)


def test_a_host_that_cannot_be_encoded_is_an_error_like_others(fetch: Callable[[str], bytes], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot fetch"):
        urls.download(f"http://{'a' * 64}.test/a.png", tmp_path, resolve=urls.resolve)


def test_what_drips_too_long_is_given_up(fetch: Callable[[str], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "TOTAL_SECONDS", -1.0)
    with pytest.raises(UserError, match="takes longer than"):
        fetch("http://pictures.test/a.png")


def test_a_bad_setting_is_named(fetch: Callable[[str], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENOGRAPH_URLS", "perhaps")
    with pytest.raises(UserError, match="^SCENOGRAPH_URLS: ") as caught:
        fetch("http://pictures.test/a.png")
    assert "\n" not in str(caught.value)


def test_the_web_is_off_until_it_is_switched_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCENOGRAPH_URLS", raising=False)
    with pytest.raises(UserError, match="set SCENOGRAPH_URLS=1"):
        urls.download("http://pictures.test/a.png", tmp_path)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("fec0::1", False),
        ("::7f00:1", False),
        ("::ffff:0:7f00:1", False),
        ("64:ff9b:1::7f00:1", False),
        ("nonsense", False),
    ],
)
def test_addresses(address: str, public: bool) -> None:
    assert urls.is_public(address) is public


def test_headers_that_drip_without_end_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENOGRAPH_URLS", "1")
    monkeypatch.setattr(urls, "TOTAL_SECONDS", 0.3)
    monkeypatch.setattr(urls, "is_public", lambda address: True)
    ended = threading.Event()

    def drip(listening: socket.socket) -> None:
        with listening.accept()[0] as one:
            one.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not ended.wait(0.05):
                one.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=drip, args=(listening,))
        server.start()
        began = time.monotonic()
        with pytest.raises(UserError, match="takes longer than 0 s; save the picture"):
            urls.download(f"http://127.0.0.1:{listening.getsockname()[1]}/a.png", tmp_path)
        assert time.monotonic() - began < 3
        ended.set()
        server.join()
