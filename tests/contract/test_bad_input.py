"""Whatever is wrong with what a request brings, its answer says so, and nothing changes."""

import json
import time

import pytest
from conftest import User
from refusal import refused
from unharmed import kept, send, user, victim  # noqa: F401 - two of them are fixtures
from wire import exchange, head

BODY_BYTES_MAX = 1024 * 1024
JSON_UTF8 = {"content-type": "application/json"}


def targets(user: User) -> list[tuple[str, str]]:
    """Everything that takes a body."""
    return [("POST", "/tasks"), ("PATCH", kept(user)), ("PUT", "/notifications/preferences")]


class TestBodies:
    """What is no JSON at all, or too much of it."""

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b" ",
            b"{",
            b'{"title":',
            b'{"title":"a"',
            b'{"title":"a"}}',
            b'{"title":"a"} x',
            b'{"title":"a"}{"title":"b"}',
            b"{'title':'a'}",
            b'{"title":"a",}',
            b'{title:"a"}',
            b'{"title":"a"} // comment',
            b'{"title":NaN}',
            b'{"title":Infinity}',
            b'{"title":01}',
            b'{"title":1e999}',
            b'{"title":"\\x41"}',
            b'{"title":"\\ud800"}',
            b'{"title":"\\udc00\\ud800"}',
            b'{"title":"a\nb"}',
            b'{"title":"a\x00b"}',
            b'\xef\xbb\xbf{"title":"a"}',
            '{"title":"ä"}'.encode("utf-16"),
            '{"title":"a"}'.encode("utf-16-le"),
            '{"title":"a"}'.encode("utf-32-be"),
            '{"title":"ä"}'.encode("latin-1"),
            b'{"title":"\xff\xfe"}',
            b'{"title":"\xc0\x80"}',
            b'{"title":"\xed\xa0\x80"}',
            b'{"title":"\xf4\x90\x80\x80"}',
            b"\x1f\x8b\x08\x00",
            b"title=a",
        ],
        ids=repr,
    )
    def test_what_is_not_json_in_utf8_is_400(self, user: User, body: bytes) -> None:
        for method, path in (("POST", "/tasks"), ("PATCH", kept(user))):
            refused(send(user, method, path, data=body, headers=JSON_UTF8), 400)

    @pytest.mark.parametrize("body", [b"null", b"true", b"1", b'"a"', b"[]", b'["a"]', b'[{"title":"a"}]', b"[" * 100_000, b"1e308", b"1" * 400])
    def test_what_is_no_object_is_refused(self, user: User, body: bytes) -> None:
        for method, path in targets(user):
            answer = send(user, method, path, data=body, headers=JSON_UTF8)
            assert answer.status_code in (400, 422), answer.text
            refused(answer, answer.status_code)

    @pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'], ids=repr)
    def test_no_depth_breaks_anything(self, user: User, opening: bytes) -> None:
        for name in (b"title", b"tags", b"unknown", b"reminders", b"quiet_hours"):
            body = b'{"' + name + b'":' + opening * 50_000
            for method, path in targets(user):
                answer = send(user, method, path, data=body, headers=JSON_UTF8)
                assert answer.status_code in (400, 422), answer.text
                refused(answer, answer.status_code)

    def test_one_mebibyte_and_one_byte_past_it(self, user: User) -> None:
        long = json.dumps({"title": "a"}).encode().ljust(BODY_BYTES_MAX - 3) + b"{}x"
        assert len(long) == BODY_BYTES_MAX
        refused(send(user, "POST", "/tasks", data=long, headers=JSON_UTF8), 400)
        longer = exchange(
            user.host,
            head(user, "POST", f"/api/{user.id}/tasks", "content-type: application/json", f"content-length: {BODY_BYTES_MAX + 1}"),
        )
        refused(longer, 413)

    def test_a_body_is_refused_before_it_is_sent(self, user: User) -> None:
        begun = time.monotonic()
        answer = exchange(
            user.host,
            head(
                user,
                "POST",
                f"/api/{user.id}/tasks",
                "content-type: application/json",
                f"content-length: {10**12}",
                "expect: 100-continue",
            ),
        )
        refused(answer, 413)
        assert time.monotonic() - begun < 5

    def test_a_body_of_unknown_length_is_refused_at_the_limit(self, user: User) -> None:
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        request = head(user, "POST", f"/api/{user.id}/tasks", "content-type: application/json", "transfer-encoding: chunked")
        refused(exchange(user.host, request + chunk * 17), 413)

    @pytest.mark.parametrize(
        ("headers", "body"),
        [
            (("content-length: 100",), b'{"title":"a"}'),
            (("content-length: 13",), b'{"title":"a"'),
            (("transfer-encoding: chunked",), b'd\r\n{"title":"a"}\r\n'),
            (("transfer-encoding: chunked",), b'ff\r\n{"title":"a"}'),
            (("transfer-encoding: chunked",), b'd\r\n{"title":"a"}'),
        ],
    )
    def test_a_body_that_is_cut_off_is_no_body(self, user: User, headers: tuple[str, ...], body: bytes) -> None:
        request = head(user, "POST", f"/api/{user.id}/tasks", "content-type: application/json", *headers)
        try:
            answer = exchange(user.host, request + body, close=True)
        except ConnectionError:
            return  # Who hangs up in the middle need not be told.
        refused(answer, 400)

    @pytest.mark.parametrize("size", ["zz", "-1", "ffffffffffffffffff", ""])
    def test_a_chunk_of_no_size_is_refused(self, user: User, size: str) -> None:
        request = head(user, "POST", f"/api/{user.id}/tasks", "content-type: application/json", "transfer-encoding: chunked")
        refused(exchange(user.host, request + f'{size}\r\n{{"title":"a"}}\r\n0\r\n\r\n'.encode()), 400)

    @pytest.mark.parametrize(
        "content_type",
        [
            None,
            "",
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=iso-8859-1",
            "application/json; charset=utf-16",
            "application/json-patch+json",
            "application/merge-patch+json2",
            "application/jsonx",
            "json",
            "application / json",
        ],
    )
    def test_what_is_not_announced_as_json_is_415(self, user: User, content_type: str | None) -> None:
        for method, path in targets(user):
            headers = {} if content_type is None else {"content-type": content_type}
            refused(send(user, method, path, data=b'{"title":"a"}', headers=headers), 415)


class TestValues:
    """What is JSON and yet no task."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *[("title", value) for value in (None, 1, True, [], {}, ["a"], "", " ", "\u00a0\u2003", "a" * 201, "a\nb", "a\x00b", "\x7f")],
            *[("description", value) for value in (1, False, [], {}, "a" * 10_001, "nul\x00")],
            *[("status", value) for value in ("done", "Pending", "", 0, [], {})],
            *[("priority", value) for value in ("highest", 3, "HIGH", {"high": None})],
            *[("tags", value) for value in ("a", {}, 1, [str(n) for n in range(21)])],
            *[("category", value) for value in (7, "a" * 101, "a\tb", [])],
            *[
                ("due_date", value)
                for value in (
                    "", "soon", 0, 1795253400, True, {}, [], "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "20260101",
                    "2026-01-01T09:00:00", "2026-01-01 09:00", "2026-01-01T25:00:00Z", "2026-01-01T09:60:00Z",
                    "2026-01-01T09:00:00+25:00", "0000-01-01", "10000-01-01", "-2026-01-01", "２０２６-01-01", "2026-W01-1",
                    "9999-12-31T23:59:59-01:00", "2026-01-01T09:00:00Z ", "today",
                )
            ],
            *[("time_zone", value) for value in ("", "Mars/Olympus", "europe/berlin", "+01:00", "UTC ", 1, {}, "../../etc/passwd")],
            *[
                ("recurring_rule", value)
                for value in (
                    "sometimes", 1, [], "every 0 days", "every 100000 weeks", "FREQ=SECONDLY", "FREQ=", "FREQ=DAILY;COUNT=0",
                    "FREQ=DAILY;COUNT=3;UNTIL=20310101", "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=DAILY;FREQ=WEEKLY", "RRULE:",
                    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "every 31st of february", "x" * 513, "DTSTART:20260101\nRRULE:FREQ=DAILY",
                )
            ],
            *[("recurring_end_date", value) for value in ("never", 1, "2026-02-30", {})],
            *[("recurrence_from", value) for value in ("now", 1, "")],
            *[("reminders", value) for value in ({}, "at nine", 1, [{"before_minutes": n} for n in range(11)])],
        ],
    )  # fmt: skip
    def test_a_wrong_value_is_named(self, user: User, name: str, value: object) -> None:
        draft = {"title": "a", "due_date": "2031-01-31T09:00:00Z"} | {name: value}
        refused(send(user, "POST", "/tasks", json=draft), 422, f"#/{name}")
        refused(send(user, "PATCH", kept(user), json={name: value}), 422, f"#/{name}")

    @pytest.mark.parametrize(
        ("draft", "pointer"),
        [
            ({"tags": ["a", ""]}, "#/tags/1"),
            ({"tags": ["a" * 51]}, "#/tags/0"),
            ({"tags": ["a", "b", 3]}, "#/tags/2"),
            ({"tags": ["a\nb"]}, "#/tags/0"),
            ({"tags": [None]}, "#/tags/0"),
            ({"reminders": [None]}, "#/reminders/0"),
            ({"reminders": [{}]}, "#/reminders/0"),
            ({"reminders": [[None, 5]]}, "#/reminders/0"),
            ({"reminders": [{"before_minutes": -1}]}, "#/reminders/0/before_minutes"),
            ({"reminders": [{"before_minutes": 1.5}]}, "#/reminders/0/before_minutes"),
            ({"reminders": [{"before_minutes": "5"}]}, "#/reminders/0/before_minutes"),
            ({"reminders": [{"before_minutes": 2**32}]}, "#/reminders/0/before_minutes"),
            ({"reminders": [{"before_minutes": 10**30}]}, "#/reminders/0/before_minutes"),
            ({"reminders": [{"before_minutes": 527_041}]}, "#/reminders/0/before_minutes"),
            ({"reminders": [{"reminder_at": "2031-01-01"}]}, "#/reminders/0/reminder_at"),
            ({"reminders": [{"reminder_at": "2020-01-01T00:00:00Z"}]}, "#/reminders/0/reminder_at"),
            ({"reminders": [{"before_minutes": 5}, {"reminder_at": 7}]}, "#/reminders/1/reminder_at"),
            ({"reminders": [{"id": "x", "before_minutes": 5}]}, "#/reminders/0/id"),
        ],
    )
    def test_a_wrong_value_deeper_down_is_named(self, user: User, draft: dict, pointer: str) -> None:
        with_due = {"title": "a", "due_date": "2031-01-31T09:00:00Z"} | draft
        refused(send(user, "POST", "/tasks", json=with_due), 422, pointer)
        refused(send(user, "PATCH", kept(user), json=draft), 422, pointer)

    def test_what_needs_a_due_date_says_so(self, user: User) -> None:
        refused(send(user, "POST", "/tasks", json={"title": "a", "reminders": [{"before_minutes": 5}]}), 422)
        refused(send(user, "POST", "/tasks", json={"title": "a", "recurring_end_date": "2031-01-01"}), 422)

    @pytest.mark.parametrize("name", ["colour", "id", "user_id", "sequence", "created_at", "completed_at", "parent_id", "Title", "", "__proto__"])
    def test_an_unknown_member_is_named(self, user: User, name: str) -> None:
        for method, path, body in (
            ("POST", "/tasks", {"title": "a"}),
            ("PATCH", kept(user), {}),
            ("PUT", "/notifications/preferences", {"channels": {"in_app": True}}),
        ):
            document = refused(send(user, method, path, json=body | {name: 1}), 422)
            assert f"`{name}`" in document["errors"][0]["detail"]
        refused(send(user, "POST", "/tasks", json={"title": "a", "reminders": [{"reminder_at": "2031-01-01T00:00:00Z", name: 1}]}), 422)

    @pytest.mark.parametrize("body", ['{"title":"a","title":"b"}', '{"title":"a","tags":[],"tags":["b"]}'])
    def test_a_member_given_twice_is_refused(self, user: User, body: str) -> None:
        for method, path in (("POST", "/tasks"), ("PATCH", kept(user))):
            refused(send(user, method, path, data=body, headers=JSON_UTF8), 422)

    def test_a_missing_title_is_said(self, user: User) -> None:
        document = refused(send(user, "POST", "/tasks", json={}), 422)
        assert "title" in document["errors"][0]["detail"]

    @pytest.mark.parametrize(
        ("preferences", "pointer"),
        [
            ({}, None),
            ({"channels": {}}, "#/channels"),
            ({"channels": {"in_app": 1}}, "#/channels/in_app"),
            ({"channels": [True]}, "#/channels"),
            ({"channels": {"in_app": True}, "quiet_hours": ["22:00", "07:00", "UTC"]}, "#/quiet_hours"),
            ({"channels": {"in_app": True, "fax": True}}, None),
            ({"channels": {"in_app": True}, "quiet_hours": {}}, "#/quiet_hours"),
            *[
                ({"channels": {"in_app": True}, "quiet_hours": {"start": "22:00", "end": "07:00", "time_zone": "UTC"} | {name: bad}}, f"#/quiet_hours/{name}")
                for name, bad in (("start", "25:00"), ("start", 22), ("end", "7:00"), ("end", "22:00"), ("time_zone", "Nowhere"))
            ],
        ],
    )  # fmt: skip
    def test_wrong_preferences_are_refused(self, user: User, preferences: dict, pointer: str | None) -> None:
        refused(send(user, "PUT", "/notifications/preferences", json=preferences), 422, pointer)
