"""Whatever is wrong with a request beside its body, its answer says so, and nothing changes."""

import json

import pytest
import requests
from conftest import User, sign_up
from refusal import refused
from unharmed import kept, send, user, victim  # noqa: F401 - two of them are fixtures
from wire import exchange, head

HEAD_BYTES_MAX = 32 * 1024
HEADERS_MAX = 100


class TestParameters:
    """What is wrong beside the body."""

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("limit=0", "?limit"), ("limit=201", "?limit"), ("limit=-1", "?limit"), ("limit=", "?limit"), ("limit=1.5", "?limit"),
            ("limit=%31%30x", "?limit"), ("limit=99999999999999999999", "?limit"), ("limit=1&limit=2", None),
            ("cursor=x", "?cursor"), ("cursor=", "?cursor"), ("cursor=%00", "?cursor"), ("cursor=e30", "?cursor"),
            ("cursor=" + "A" * 3000, "?cursor"), ("cursor=W10=", "?cursor"),
        ],
    )  # fmt: skip
    def test_pages_of_no_size_and_cursors_of_nobody(self, user: User, query: str, pointer: str | None) -> None:
        for path in ("/tasks", "/notifications", "/audit-logs"):
            refused(send(user, "GET", f"{path}?{query}"), 422, pointer)

    @pytest.mark.parametrize(
        ("path", "query", "pointer"),
        [
            ("/tasks", "status=done", "?status"), ("/tasks", "priority=1", "?priority"), ("/tasks", "sort=id", "?sort"),
            ("/tasks", "due_after=soon", "?due_after"), ("/tasks", "due_before=2026-02-30", "?due_before"),
            ("/tasks", "due_after=2026-01-01T00:00:00+01:00", "?due_after"), ("/tasks", "tag=" + "x" * 51, "?tag"),
            ("/tasks", "q=" + "x" * 201, "?q"), ("/tasks", "q=%00", "?q"), ("/tasks", "category=" + "x" * 101, "?category"),
            ("/tasks", "colour=red", None), ("/tasks", "Status=pending", None), ("/tasks", "status=pending&status=pending", None),
            ("/audit-logs", "task_id=x", "?task_id"), ("/audit-logs", "from=2026-01-01", "?from"), ("/audit-logs", "to=never", "?to"),
            ("/audit-logs", "type=", "?type"), ("/audit-logs", "type=" + "x" * 257, "?type"), ("/audit-logs", "user_id=x", None),
            ("/notifications", "unread=maybe", "?unread"), ("/notifications", "unread=1", "?unread"), ("/notifications", "read=true", None),
        ],
    )  # fmt: skip
    def test_filters_that_make_no_sense(self, user: User, path: str, query: str, pointer: str | None) -> None:
        refused(send(user, "GET", f"{path}?{query}"), 422, pointer)

    def test_a_cursor_is_of_its_own_list_and_order(self, user: User) -> None:
        other = sign_up(user.host)
        for n in range(3):
            other.create(title=str(n))
        cursors = {
            sort: other.http.get(other.path("/tasks"), params={"limit": 1, "sort": sort}, timeout=10).json()["next_cursor"]
            for sort in ("title", "created_at")
        }
        refused(send(user, "GET", f"/tasks?sort=-title&cursor={cursors['title']}"), 422, "?cursor")
        refused(send(user, "GET", f"/tasks?cursor={cursors['created_at']}"), 422, "?cursor")
        refused(send(user, "GET", f"/audit-logs?cursor={cursors['title']}"), 422, "?cursor")
        stolen = send(user, "GET", f"/tasks?sort=title&cursor={cursors['title']}").json()["items"]
        assert {task["user_id"] for task in stolen} <= {user.id}, "a cursor is a place, not a key to somebody's tasks"

    @pytest.mark.parametrize("key", [b"", b"a b", b"a" * 129, "ä".encode(), b"a\tb"], ids=repr)
    def test_keys_that_are_none(self, user: User, key: bytes) -> None:
        answer = send(user, "POST", "/tasks", json={"title": "a"}, headers={"idempotency-key": key})
        refused(answer, 422, "Idempotency-Key")

    @pytest.mark.parametrize("version", ['"0"', "1", "abc", '"1', "W/1", '"-1"', '"18446744073709551616"', '"٣"', "\xff", '" 1"'])
    def test_versions_that_are_none(self, user: User, version: str) -> None:
        headers = {"if-match": version.encode() if version.isascii() else version.encode("utf-8")}
        path = kept(user)
        refused(send(user, "PATCH", path, json={"title": "b"}, headers=headers), 412)
        refused(send(user, "PATCH", f"{path}/complete", headers=headers), 412)
        refused(send(user, "DELETE", path, headers=headers), 412)


class TestAddresses:
    """What leads nowhere."""

    @pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
    @pytest.mark.parametrize(
        "identifier",
        [
            "1", "x", "%00", "%20", "..%2f", "null", "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21", "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d2",
            "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21'--", "a" * 2000, "%252e%252e", "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21/", "%2e%2e%2f%2e%2e",
        ],
    )  # fmt: skip
    def test_tasks_that_are_not_there(self, user: User, method: str, identifier: str) -> None:
        target = f"/api/{user.id}/tasks/{identifier}"
        body = b"{}"
        request = head(user, method, target, "content-type: application/json", f"content-length: {len(body)}", "connection: close")
        refused(exchange(user.host, request + body), 404)

    @pytest.mark.parametrize(
        "target",
        [
            "/api", "/api/", "/api//tasks", "/api/{user}", "/api/{user}/", "/api/{user}/nothing", "/api/{user}//tasks", "//api/{user}/tasks",
            "/api/{user}/tasks//", "/api/{user}/tasks/{task}/nothing", "/api/{user}/tasks/{task}/complete/", "/API/{user}/tasks",
            "/api/{user}/Tasks", "/api/{user}/tasks;x=1", "/api/auth", "/api/auth/nothing", "/api/auth/sign-in/x",
            "/api/{user}/x/../tasks", "/api/%2e%2e/{user}/tasks", "/api/{user}%2Ftasks", "/api/x/%2e%2e/{user}/tasks",
        ],
    )  # fmt: skip
    def test_addresses_that_are_none(self, user: User, target: str) -> None:
        task = send(user, "GET", "/tasks").json()["items"][0]["id"]
        for method in ("GET", "DELETE", "POST"):
            request = head(user, method, target.format(user=user.id, task=task), "content-length: 0", "connection: close")
            answer = exchange(user.host, request)
            assert answer.status_code in (403, 404, 405), f"{method} {target}: {answer.status_code}"
            refused(answer, answer.status_code)

    @pytest.mark.parametrize("other", ["x", "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21", "%00", "..", "%2e%2e", "*", "%", "%ff", "{user}x", "{user}%00"])
    def test_another_users_address_is_403_whatever_is_there(self, user: User, other: str) -> None:
        task = send(user, "GET", "/tasks").json()["items"][0]["id"]
        owner = other.format(user=user.id)
        answers = {
            exchange(user.host, head(user, "GET", f"/api/{owner}/{rest}", "connection: close")).text
            for rest in ("tasks", f"tasks/{task}", "tasks/019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21", "audit-logs", "notifications")
        }
        assert len(answers) == 1, "the answer tells nothing"
        assert json.loads(answers.pop())["status"] in (403, 404)

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/tasks", {"GET", "HEAD", "POST"}),
            ("DELETE", "/tasks", {"GET", "HEAD", "POST"}),
            ("POST", "/tasks/019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21", {"GET", "HEAD", "PATCH", "DELETE"}),
            ("GET", "/tasks/019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21/complete", {"PATCH"}),
            ("PATCH", "/tasks/019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21/restore", {"POST"}),
            ("DELETE", "/audit-logs", {"GET", "HEAD"}),
            ("PATCH", "/audit-logs", {"GET", "HEAD"}),
            ("PATCH", "/notifications/preferences", {"GET", "HEAD", "PUT"}),
            ("GET", "/notifications/read-all", {"POST"}),
            ("TRACE", "/tasks", {"GET", "HEAD", "POST"}),
            ("PROPFIND", "/tasks", {"GET", "HEAD", "POST"}),
        ],
    )
    def test_a_wrong_method_is_405_and_the_right_ones_are_named(self, user: User, method: str, path: str, allowed: set[str]) -> None:
        answer = send(user, method, path)
        refused(answer, 405)
        assert {it.strip() for it in answer.headers["allow"].split(",")} == allowed

    @pytest.mark.parametrize(("method", "path"), [("GET", "sign-in"), ("PUT", "sign-up"), ("GET", "token"), ("POST", "jwks"), ("DELETE", "session")])
    def test_so_it_is_for_identity(self, user: User, method: str, path: str) -> None:
        answer = requests.request(method, f"{user.host.url}/api/auth/{path}", timeout=10)
        refused(answer, 405)
        assert method not in answer.headers["allow"]


class TestHeads:
    """What is wrong before the body, or with the whole request."""

    def test_a_head_at_the_limit_and_past_it(self, user: User) -> None:
        present = len(head(user, "GET", f"/api/{user.id}/tasks"))
        for spare, status in ((200, 200), (-200, 431)):
            padding = "x" * (HEAD_BYTES_MAX - present - spare)
            answer = exchange(user.host, head(user, "GET", f"/api/{user.id}/tasks", f"x-padding: {padding}", "connection: close"))
            assert answer.status_code == status
            if status >= 400:
                refused(answer, status)

    def test_as_many_headers_as_there_may_be_and_one_more(self, user: User) -> None:
        present = 3
        for count, status in ((HEADERS_MAX, 200), (HEADERS_MAX + 1, 431)):
            more = [f"x-{n}: 1" for n in range(count - present)]
            answer = exchange(user.host, head(user, "GET", f"/api/{user.id}/tasks", *more, "connection: close"))
            assert answer.status_code == status
            if status >= 400:
                refused(answer, status)

    @pytest.mark.parametrize("lines", [[f"x: {'y' * 200_000}"], [f"x-{n}: 1" for n in range(5_000)]], ids=["huge", "many"])
    def test_far_past_it_the_answer_needs_no_document(self, user: User, lines: list[str]) -> None:
        assert exchange(user.host, head(user, "GET", f"/api/{user.id}/tasks", *lines)).status_code == 431

    @pytest.mark.parametrize(
        "request_bytes",
        [
            b"GET /api/auth/jwks HTTP/1.1\r\n\r\n",
            b"GET /api/auth/jwks HTTP/1.1\r\nhost: a b\r\n\r\n",
            b"GET /api/auth/jwks HTTP/1.1\r\nhost:\r\n\r\n",
            b"GET /api/auth/jwks HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
            b"GET  /api/auth/jwks HTTP/1.1\r\nhost: a\r\n\r\n",
            b"GET /api/auth/jwks HTTP/9.9\r\nhost: a\r\n\r\n",
            b"GET /api/auth/jwks HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n",
            b"GET /api/auth/jwks HTTP/1.1\r\nhost: a\r\nx: \x00\r\n\r\n",
            b"GET /api/auth/jwks HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
            b"POST /api/auth/sign-in HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
            b"POST /api/auth/sign-in HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: gzip\r\n\r\nhello",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            b"hello\r\n\r\n",
        ],
        ids=repr,
    )
    def test_what_is_no_http_is_400(self, user: User, request_bytes: bytes) -> None:
        assert exchange(user.host, request_bytes).status_code == 400

    def test_two_lengths_at_once_smuggle_nothing(self, user: User) -> None:
        smuggled = head(user, "DELETE", f"/api/{user.id}{kept(user)}")
        request = head(
            user, "GET", f"/api/{user.id}/tasks", f"content-length: {len(smuggled) + 5}", "transfer-encoding: chunked", "connection: close"
        )
        # Either way of reading it is one request; the bytes after it must not become another.
        exchange(user.host, request + b"0\r\n\r\n" + smuggled, close=True)

    @pytest.mark.parametrize("credential", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "bearer x.y.z", "Bearer " + "a" * 5000, "Token {token}", "{token}"])
    def test_no_credential_is_401(self, user: User, credential: str) -> None:
        for path in ("/tasks", "/audit-logs", "/notifications"):
            headers = {"authorization": credential.format(token=user.token)}
            answer = requests.get(user.path(path), headers=headers, timeout=10)
            refused(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
