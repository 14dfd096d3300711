"""A reminder fires at its time and becomes a notification that can be listed, read and deleted; preferences hold."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from conftest import Host, User, sign_up
from events import trail_with
from refusal import refused

COMES_SECONDS_MAX = 10
MEMBERS = {"id", "kind", "task_id", "title", "body", "created_at", "read_at"}
UNKNOWN = "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21"


def remind(user: User, title: str, seconds: float = 0) -> dict:
    """A task with a reminder in so many seconds."""
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return user.create(title=title, reminders=[{"reminder_at": at.isoformat()}])


def listed(user: User, **query: object) -> list[dict]:
    answer = user.http.get(user.path("/notifications"), params=query, timeout=10)
    assert answer.status_code == 200, answer.text
    for item in answer.json()["items"]:
        assert set(item) == MEMBERS
    return answer.json()["items"]


def come(user: User, count: int) -> list[dict]:
    deadline = time.monotonic() + COMES_SECONDS_MAX
    while len(items := listed(user)) < count:
        assert time.monotonic() < deadline, f"{len(items)} of {count} notifications came"
    return items


def mark(user: User, notification: dict, *, read: bool) -> requests.Response:
    return user.http.patch(user.path(f"/notifications/{notification['id']}"), json={"read": read}, timeout=10)


def delete(user: User, notification: dict) -> requests.Response:
    return user.http.delete(user.path(f"/notifications/{notification['id']}"), timeout=10)


def test_a_reminder_fires_at_its_time_and_tells_of_itself(user: User) -> None:
    task = remind(user, "Call Ana", 1.5)
    due = task["reminders"][0]["reminder_at"]
    assert listed(user) == []
    [notification] = come(user, 1)
    assert (notification["kind"], notification["task_id"], notification["read_at"]) == ("reminder", task["id"], None)
    assert "Call Ana" in notification["title"]
    late = datetime.fromisoformat(notification["created_at"]) - datetime.fromisoformat(due)
    assert timedelta(0) <= late < timedelta(seconds=3)
    told = {entry["event_type"].removeprefix("com.todo.") for entry in trail_with(user, 4, task_id=task["id"])}
    assert told == {"task.created", "reminder.scheduled", "reminder.due", "reminder.sent"}


def test_reading_one_and_all(user: User) -> None:
    for title in "abc":
        remind(user, title)
    newest, second, oldest = come(user, 3)
    assert newest["created_at"] >= second["created_at"] >= oldest["created_at"]
    read = mark(user, second, read=True).json()
    assert read["read_at"] is not None and read | {"read_at": None} == second
    assert mark(user, second, read=True).json() == read, "the first reading stays"
    assert listed(user, unread="true") == [newest, oldest]
    assert listed(user, unread="false") == [read]
    assert mark(user, second, read=False).json() == second
    answer = user.http.post(user.path("/notifications/read-all"), timeout=10)
    assert (answer.status_code, answer.content) == (204, b"")
    assert listed(user, unread="true") == []
    assert all(item["read_at"] for item in listed(user))


def test_pages_and_deletion(user: User) -> None:
    for title in "abcde":
        remind(user, title)
    everything = come(user, 5)
    first = user.http.get(user.path("/notifications"), params={"limit": 2}, timeout=10).json()
    assert first["items"] == everything[:2]
    assert (delete(user, everything[1]).status_code, delete(user, everything[3]).status_code) == (204, 204)
    rest = user.http.get(user.path("/notifications"), params={"cursor": first["next_cursor"]}, timeout=10).json()
    assert (rest["items"], rest["next_cursor"]) == ([everything[2], everything[4]], None)
    for gone in (delete(user, everything[1]), mark(user, everything[1], read=True)):
        refused(gone, 404)


def test_nobody_else_can_touch_them(host: Host, user: User) -> None:
    remind(user, "mine")
    [notification] = come(user, 1)
    other = sign_up(host)
    assert listed(other) == []
    refused(mark(other, notification, read=True), 404)
    refused(delete(other, notification), 404)
    refused(other.http.get(user.path("/notifications"), timeout=10), 403)
    refused(other.http.post(user.path("/notifications/read-all"), timeout=10), 403)
    assert listed(user) == [notification]


def test_preferences_are_kept_and_obeyed(user: User) -> None:
    path = user.path("/notifications/preferences")
    assert user.http.get(path, timeout=10).json() == {"channels": {"in_app": True}, "quiet_hours": None}
    chosen = {"channels": {"in_app": False}, "quiet_hours": {"start": "22:00", "end": "07:00", "time_zone": "Europe/Berlin"}}
    assert user.http.put(path, json=chosen, timeout=10).json() == chosen
    assert user.http.get(path, timeout=10).json() == chosen
    task = remind(user, "silent")
    trail_with(user, 1, task_id=task["id"], type="com.todo.reminder.due")
    assert listed(user) == []


@pytest.mark.parametrize("identifier", [UNKNOWN, "x", "1", "%00"])
def test_what_is_not_there_is_404(user: User, identifier: str) -> None:
    refused(mark(user, {"id": identifier}, read=True), 404)
    refused(delete(user, {"id": identifier}), 404)
