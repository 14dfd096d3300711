"""What every refusal has in common."""

import json
from typing import Protocol


class Answer(Protocol):
    """An answer of `requests`, or of a socket of our own."""

    status_code: int

    @property
    def headers(self) -> dict[str, str]: ...

    @property
    def text(self) -> str: ...


def refused(answer: Answer, status: int, pointer: str | None = None) -> dict:
    """The problem document of an answer that refuses with this status and, if one is given, points at this member."""
    assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json", answer.headers
    document = json.loads(answer.text)
    assert document["status"] == status
    assert document["title"]
    assert document["type"] == "about:blank" or document["type"].startswith("urn:dayloom:problem:"), document
    for error in document.get("errors", []):
        assert set(error) == {"pointer", "detail"}
        assert error["detail"]
    if pointer is not None:
        pointers = [error["pointer"] for error in document["errors"]]
        assert pointer in pointers, f"{pointer} is not among {pointers}"
    return document
