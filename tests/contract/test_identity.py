"""Accounts, sessions and tokens, as any HTTP client and any browser sees them."""

import itertools
import statistics
import time
from http.cookies import Morsel, SimpleCookie

import pytest
import requests
from conftest import PASSWORD, Host
from refusal import refused

REVOKED_SECONDS_MAX = 1.5
ATTEMPTS_MAX = 10
"""Failed sign-ins of one account in one window."""
WINDOW_SECONDS = 15 * 60
TIMED_ATTEMPTS = 7
"""Of each kind; fewer than an account may fail."""

numbers = itertools.count()


def fresh() -> str:
    """An address nobody has."""
    return f"identity{next(numbers)}@example.com"


def post(host: Host, path: str, body: object = None, **headers: str) -> requests.Response:
    """A request of a client that keeps no cookies."""
    return requests.post(f"{host.url}/api/auth{path}", json=body, headers=headers, timeout=30)


def sign_up(host: Host, email: str | None = None, **changed: object) -> requests.Response:
    return post(host, "/sign-up", {"name": "Ana", "email": email or fresh(), "password": PASSWORD} | changed)


def sign_in(host: Host, email: str, password: str = PASSWORD, **headers: str) -> requests.Response:
    return post(host, "/sign-in", {"email": email, "password": password}, **headers)


def cookie_of(answer: requests.Response) -> Morsel:
    [morsel] = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


def by_cookie(answer: requests.Response) -> dict[str, str]:
    """The `Cookie` header of a browser that got this answer; `requests` itself keeps `Secure` ones from plain HTTP."""
    cookie = cookie_of(answer)
    return {"cookie": f"{cookie.key}={cookie.value}"}


def session(host: Host, **headers: str) -> requests.Response:
    return requests.get(f"{host.url}/api/auth/session", headers=headers, timeout=10)


def sessions(host: Host, **headers: str) -> list[dict]:
    answer = requests.get(f"{host.url}/api/auth/sessions", headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def tasks(host: Host, answer: requests.Response) -> requests.Response:
    """What the access token of a sign-in is good for."""
    url = f"{host.url}/api/{answer.json()['user']['id']}/tasks"
    return requests.get(url, headers={"authorization": f"Bearer {answer.json()['token']}"}, timeout=10)


def test_signing_up_gives_an_account_a_token_and_a_session(host: Host) -> None:
    email = fresh()
    answer = sign_up(host, f" {email.upper()} ", name=" Ana Müller ")
    assert answer.status_code == 201, answer.text
    assert set(answer.json()) == {"user", "token", "expires_at"}
    user = answer.json()["user"]
    assert user == {"id": user["id"], "email": email.upper(), "name": "Ana Müller"}
    assert answer.headers["cache-control"] == "no-store"
    assert tasks(host, answer).status_code == 200
    shown = session(host, **by_cookie(answer)).json()
    assert shown["user"] == user
    again = sign_in(host, email.capitalize())
    assert (again.status_code, again.json()["user"]) == (200, user)


def test_the_cookie_is_for_the_browser_and_this_site_only(host: Host) -> None:
    email = fresh()
    for answer in (sign_up(host, email), sign_in(host, email)):
        cookie = cookie_of(answer)
        assert cookie.key == "dayloom_session"
        assert len(cookie.value) == 43, "32 bytes in base64url"
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
        assert cookie["domain"] == ""
        assert 0 < int(cookie["max-age"]) <= 30 * 24 * 3600


def test_signing_out_ends_the_session_and_its_tokens(host: Host) -> None:
    answer = sign_up(host)
    browser = by_cookie(answer) | {"origin": host.url}
    out = post(host, "/sign-out", **browser)
    assert out.status_code == 204
    forgotten = cookie_of(out)
    assert (forgotten.key, forgotten.value, forgotten["max-age"], forgotten["path"]) == ("dayloom_session", "", "0", "/")
    refused(session(host, **browser), 401)
    refused(post(host, "/token", **browser), 401)
    assert_refused_soon(host, answer)
    assert post(host, "/sign-out", **browser).status_code == 204
    assert post(host, "/sign-out").status_code == 204


def test_a_session_gets_fresh_tokens(host: Host) -> None:
    answer = sign_up(host)
    token = post(host, "/token", **by_cookie(answer), origin=host.url)
    assert token.status_code == 200
    assert set(token.json()) == {"token", "expires_at"}
    user_id = answer.json()["user"]["id"]
    headers = {"authorization": f"Bearer {token.json()['token']}"}
    assert requests.get(f"{host.url}/api/{user_id}/tasks", headers=headers, timeout=10).status_code == 200


@pytest.mark.parametrize("cookie", ["", "dayloom_session=", "dayloom_session=x", f"dayloom_session={'A' * 43}", f"other={'A' * 43}"])
def test_no_session_no_answer(host: Host, cookie: str) -> None:
    for answer in (session(host, cookie=cookie), post(host, "/token", cookie=cookie, origin=host.url)):
        refused(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("said", "is_ours"),
    [
        ({"origin": "{own}"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "{own}.evil.example"}, False),
        ({"origin": "http://127.0.0.1:1"}, False),
        ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
    ],
)
def test_a_cookie_changes_nothing_from_elsewhere(host: Host, said: dict[str, str], is_ours: bool) -> None:
    answer = sign_up(host)
    headers = by_cookie(answer) | {name: value.format(own=host.url) for name, value in said.items()}
    for path in ("/token", "/sign-out"):
        changed = post(host, path, **headers)
        if is_ours:
            assert changed.status_code in (200, 204), changed.text
        else:
            refused(changed, 403)
            assert session(host, **headers).status_code == 200, "reading is not changing"


def test_nobody_can_be_signed_in_from_elsewhere(host: Host) -> None:
    email = fresh()
    sign_up(host, email)
    refused(sign_in(host, email, origin="https://evil.example"), 403)
    body = {"name": "Ana", "email": fresh(), "password": PASSWORD}
    refused(post(host, "/sign-up", body, origin="https://evil.example"), 403)
    assert sign_in(host, body["email"]).status_code == 401
    assert sign_in(host, email, origin=host.url).status_code == 200


def test_ones_own_sessions_are_listed_and_can_be_ended(host: Host) -> None:
    email = fresh()
    sign_up(host, email)
    here, there = sign_in(host, email, **{"user-agent": "here"}), sign_in(host, email, **{"user-agent": "there"})
    listed = sessions(host, **by_cookie(here))
    assert [(it["user_agent"], it["current"]) for it in listed[:2]] == [("there", False), ("here", True)]
    assert len(listed) == 3
    url = f"{host.url}/api/auth/sessions/{listed[0]['id']}"
    refused(requests.delete(url, headers=by_cookie(here), timeout=10), 403)
    assert tasks(host, there).status_code == 200
    ended = requests.delete(url, headers=by_cookie(here) | {"origin": host.url}, timeout=10)
    assert (ended.status_code, ended.headers.get("set-cookie")) == (204, None)
    refused(session(host, **by_cookie(there)), 401)
    assert_refused_soon(host, there)
    assert tasks(host, here).status_code == 200
    assert len(sessions(host, **by_cookie(here))) == 2
    refused(requests.delete(url, headers=by_cookie(here) | {"origin": host.url}, timeout=10), 404)


def test_another_users_session_is_not_there(host: Host) -> None:
    mine, theirs = sign_up(host), sign_up(host)
    [their_session] = sessions(host, **by_cookie(theirs))
    for identifier in (their_session["id"], "x", "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21"):
        url = f"{host.url}/api/auth/sessions/{identifier}"
        refused(requests.delete(url, headers=by_cookie(mine) | {"origin": host.url}, timeout=10), 404)
    assert session(host, **by_cookie(theirs)).status_code == 200


def assert_refused_soon(host: Host, signed_in: requests.Response) -> None:
    """An ended session's access token is refused as soon as every service has heard of it."""
    deadline = time.monotonic() + REVOKED_SECONDS_MAX
    while (answer := tasks(host, signed_in)).status_code == 200:
        assert time.monotonic() < deadline, "the token of an ended session is still good"
    refused(answer, 401)


def test_one_address_one_account(host: Host) -> None:
    email = fresh()
    assert sign_up(host, email).status_code == 201
    for same in (email, email.upper(), f"  {email}\t"):
        refused(sign_up(host, same, password="another good password"), 409)
    assert sign_in(host, email, "another good password").status_code == 401
    assert sign_in(host, email).status_code == 200


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"password": "1234567"}, "#/password"),
        ({"password": "é" * 257}, "#/password"),
        ({"password": None}, "#/password"),
        ({"name": " "}, "#/name"),
        ({"name": "a" * 101}, "#/name"),
        ({"name": "two\nlines"}, "#/name"),
        ({"name": 7}, "#/name"),
        ({"email": "no address"}, "#/email"),
        ({"email": "a@b@example.com"}, "#/email"),
        ({"email": "a@-.example"}, "#/email"),
        ({"email": f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.com"}, "#/email"),
        ({"email": "ana\r\nbcc: all@example.com"}, "#/email"),
    ],
)
def test_what_is_wrong_with_a_sign_up_is_said(host: Host, changed: dict, pointer: str) -> None:
    refused(sign_up(host, **changed), 422, pointer)


def test_passwords_may_have_8_to_256_characters(host: Host) -> None:
    for password in ("12345678", "é" * 256):
        email = fresh()
        assert sign_up(host, email, password=password).status_code == 201
        assert sign_in(host, email, password).status_code == 200
    decomposed = fresh()
    sign_up(host, decomposed, password="cafe\u0301 au lait")
    assert sign_in(host, decomposed, "caf\u00e9 au lait").status_code == 200


def test_too_many_failures_of_one_account_are_stopped(host: Host) -> None:
    email = fresh()
    sign_up(host, email)
    failures = itertools.takewhile(
        lambda answer: answer.status_code == 401, (sign_in(host, email, "wrong password") for _ in itertools.count())
    )
    # A window may have ended in between.
    assert ATTEMPTS_MAX <= len(list(failures)) <= 2 * ATTEMPTS_MAX
    stopped = sign_in(host, email)
    refused(stopped, 429)
    assert 1 <= int(stopped.headers["retry-after"]) <= WINDOW_SECONDS
    refused(sign_in(host, email.upper()), 429)
    other = fresh()
    sign_up(host, other)
    assert sign_in(host, other).status_code == 200


def test_success_forgets_the_failures(host: Host) -> None:
    email = fresh()
    sign_up(host, email)
    for _ in range(3):
        for _ in range(ATTEMPTS_MAX - 1):
            refused(sign_in(host, email, "wrong password"), 401)
        assert sign_in(host, email).status_code == 200


def test_an_unknown_address_looks_like_a_wrong_password(host: Host) -> None:
    email = fresh()
    sign_up(host, email)

    def attempt(address: str) -> tuple[float, dict]:
        begun = time.perf_counter()
        answer = sign_in(host, address, "wrong password")
        return time.perf_counter() - begun, refused(answer, 401)

    attempt(fresh())  # the first use of an instance compiles nothing, but it warms its memory
    known, unknown = zip(*((attempt(email), attempt(fresh())) for _ in range(TIMED_ATTEMPTS)), strict=True)
    assert {str(document) for _, document in known} == {str(document) for _, document in unknown}
    took_known, took_unknown = (statistics.median(took for took, _ in attempts) for attempts in (known, unknown))
    assert 0.5 < took_known / took_unknown < 2, f"{took_known:.3f} s known, {took_unknown:.3f} s unknown"
