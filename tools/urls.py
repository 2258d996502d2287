"""Pictures from the web: off unless switched on, and from public addresses only. Decoding is intake's concern."""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from pydantic_settings import BaseSettings, SettingsConfigDict

from tools.errors import UserError
from tools.intake import MAX_BYTES, in_time
from tools.settings import read_settings

SCHEMES = ("http", "https")
MAX_REDIRECTS = 5
SECONDS = 30.0
"""The longest wait for more."""

TOTAL_SECONDS = 120.0
"""The longest that a picture may take as a whole, however steadily it drips."""

_NOT_OPEN = [
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64, which carries an IPv4 address inside, as do the next three
    ipaddress.IPv6Network("64:ff9b:1::/48"),
    ipaddress.IPv6Network("::/96"),
    ipaddress.IPv6Network("::ffff:0:0:0/96"),
    ipaddress.IPv6Network("fec0::/10"),  # site-local
]
"""What `ipaddress` calls global, and a network may take for addresses within."""

Resolve = Callable[[str, int], list[str]]
"""From a host and a port to addresses."""


class Settings(BaseSettings):
    """Whether pictures may come from the web: SCENOGRAPH_URLS=1 switches it on."""

    model_config = SettingsConfigDict(env_prefix="SCENOGRAPH_", env_ignore_empty=True)

    urls: bool = False


def is_url(name: str) -> bool:
    """Whether a name is a web address and not a path."""
    return name.lower().startswith(tuple(f"{scheme}://" for scheme in SCHEMES))


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them.

    Raises:
        OSError: If it knows none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def download(url: str, folder: Path, transport: httpx.BaseTransport | None = None, resolve: Resolve = resolve) -> Path:
    """Fetch a picture from the web to a file.

    Each address is looked up once, checked, and then connected to as it was checked, so that no second answer of the
    name server can lead elsewhere.

    Args:
        url: Its address.
        folder: Where to write it; made if need be.
        transport: What carries the requests; by default the network.
        resolve: Looks up hosts.

    Raises:
        UserError: If the web is switched off, an address is not public, or what comes is an error, too large
            or too slow.
    """
    if not read_settings(Settings).urls:
        raise UserError(f"{url}: pictures from the web are off; save it to a file, or set SCENOGRAPH_URLS=1")
    # The limits of httpx are on each wait: names may be slow to resolve and headers drip without end.
    path = in_time(lambda: _fetched(url, folder, transport, resolve), TOTAL_SECONDS)
    if path is None:
        raise _too_slow(url)
    return path


def _too_slow(url: str) -> UserError:
    return UserError(f"{url} takes longer than {TOTAL_SECONDS:.0f} s; save the picture to a file and name that")


def _fetched(url: str, folder: Path, transport: httpx.BaseTransport | None, resolve: Resolve) -> Path:
    """See `download`."""
    until = time.monotonic() + TOTAL_SECONDS
    try:
        here = httpx.URL(url)
        with httpx.Client(transport=transport, timeout=SECONDS, trust_env=False) as client:
            for _ in range(MAX_REDIRECTS + 1):
                got = client.send(_request(client, here, resolve), stream=True)
                try:
                    if got.has_redirect_location:
                        here = here.join(got.headers["location"])
                        continue
                    if not got.is_success:
                        raise UserError(f"{url} answered {got.status_code}; check the address")
                    return _written(got, url, folder, until)
                finally:
                    got.close()
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # the last where a host cannot be encoded
        raise UserError(f"cannot fetch {url} ({type(error).__name__}); check the address and the network") from error
    raise UserError(f"{url} redirects more than {MAX_REDIRECTS} times; give the address where it ends")


def _request(client: httpx.Client, url: httpx.URL, resolve: Resolve) -> httpx.Request:
    """A request to the checked address of a host, under the host's own name.

    Raises:
        UserError: If it is no web address, the host is unknown, or one of its addresses is not public.
    """
    if url.scheme not in SCHEMES or not url.host:
        raise UserError(f"{url} is no web address; it must begin with http:// or https://")
    try:
        addresses = resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
    except OSError as error:
        raise UserError(f"{url.host} is not known to the name server; check the address") from error
    if not addresses or not all(map(is_public, addresses)):
        raise UserError(f"{url.host} is no public address; save the picture to a file and name that")
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Accept": "image/*",
        "Accept-Encoding": "identity",  # pictures are compressed as they are
        "User-Agent": "scenograph",
    }
    pinned = url.copy_with(host=addresses[0], username=None, password=None)
    return client.build_request("GET", pinned, headers=headers, extensions={"sni_hostname": url.host})


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, and stands for none that is not."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        # Forms that carry an IPv4 address inside, which may be of the inner network.
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if ip.teredo is not None or any(ip in network for network in _NOT_OPEN):
            return False
    return ip.is_global and not ip.is_multicast


def _written(response: httpx.Response, url: str, folder: Path, until: float) -> Path:
    """What comes, written to a file that is called after what it holds.

    Raises:
        UserError: If it is larger than `MAX_BYTES` or not here by `until`, or the folder cannot be written to.
    """
    data = bytearray()
    if (encoding := response.headers.get("Content-Encoding", "identity").lower()) != "identity":
        # A kilobyte can unpack to more than the memory holds, before its size could be looked at.
        raise UserError(f"{url} sends the picture packed ({encoding}); save it to a file and name that")
    for piece in response.iter_bytes():
        data += piece
        if len(data) > MAX_BYTES:
            raise UserError(f"{url} has more than {MAX_BYTES // 2**20} MB; save a smaller one to a file")
        if time.monotonic() > until:
            raise _too_slow(url)
    path = folder / hashlib.sha256(data).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise UserError(f"cannot write {path} ({error.strerror}): free some space") from error
    return path
