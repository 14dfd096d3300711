"""HTTP/1.1 by hand, for what no client library lets through."""

import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from urllib.parse import urlsplit

from conftest import Host, User

SECONDS_MAX = 20


@dataclass
class RawAnswer:
    """An answer as it was read from a socket."""

    status_code: int
    headers: dict[str, str]
    """By lower-case name."""
    text: str


def exchange(host: Host, request: bytes, *, close: bool = False) -> RawAnswer:
    """Sends the bytes, says that no more will come if `close`, and reads one answer.

    A server that refuses early may close before it has read everything: what it answered is still read.
    """
    at = urlsplit(host.url)
    with socket.create_connection((at.hostname, at.port), timeout=SECONDS_MAX) as connection:
        try:
            connection.sendall(request)
            if close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # It has closed already.
        response = HTTPResponse(connection)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return RawAnswer(response.status, headers, response.read().decode())


def head(user: User, method: str, target: str, *lines: str) -> bytes:
    """A request's head, with the user's token."""
    first = [f"{method} {target} HTTP/1.1", f"host: {urlsplit(user.host.url).netloc}", f"authorization: Bearer {user.token}"]
    return "\r\n".join([*first, *lines, "", ""]).encode("latin-1")
