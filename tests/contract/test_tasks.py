"""Creating, reading, changing, deleting and restoring tasks, as any HTTP client sees it."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from conftest import Host, User, sign_up
from events import trail, trail_with
from refusal import refused

FIELDS = {
    "id", "user_id", "title", "description", "status", "priority", "tags", "category", "due_date", "time_zone", "reminders",
    "recurring_rule", "recurring_end_date", "recurrence_from", "parent_id", "sequence", "created_at", "updated_at", "completed_at",
}  # fmt: skip
FULL = {
    "title": "  Pay the rent ",
    "description": "to the landlady\nby transfer",
    "priority": "high",
    "tags": ["home", "money", "home"],
    "category": "Household",
    "due_date": "2031-01-31T09:00:00+01:00",
    "time_zone": "Europe/Berlin",
    "reminders": [{"before_minutes": 60}, {"reminder_at": "2031-01-30T12:00:00Z"}],
    "recurring_rule": "monthly",
    "recurring_end_date": "2032-12-31",
    "recurrence_from": "completion",
}


def create(user: User, headers: dict | None = None, **draft: object) -> requests.Response:
    return user.http.post(user.path("/tasks"), json=draft, headers=headers, timeout=10)


def read(user: User, task: dict, **headers: str) -> requests.Response:
    return user.http.get(user.path(f"/tasks/{task['id']}"), headers=headers, timeout=10)


def change(user: User, task: dict, patch: dict, version: str | None = None) -> requests.Response:
    headers = {"content-type": "application/merge-patch+json"} | ({"if-match": version} if version else {})
    return user.http.patch(user.path(f"/tasks/{task['id']}"), json=patch, headers=headers, timeout=10)


def complete(user: User, task: dict) -> requests.Response:
    return user.http.patch(user.path(f"/tasks/{task['id']}/complete"), timeout=10)


def delete(user: User, task: dict, **headers: str) -> requests.Response:
    return user.http.delete(user.path(f"/tasks/{task['id']}"), headers=headers, timeout=10)


def restore(user: User, task: dict) -> requests.Response:
    return user.http.post(user.path(f"/tasks/{task['id']}/restore"), timeout=10)


def test_a_task_comes_back_as_it_was_made(user: User) -> None:
    answer = create(user, **FULL)
    assert answer.status_code == 201, answer.text
    task = answer.json()
    assert set(task) == FIELDS
    assert answer.headers["location"] == f"/api/{user.id}/tasks/{task['id']}"
    assert answer.headers["etag"] == '"1"'
    assert task["title"] == "Pay the rent"
    assert task["description"] == FULL["description"]
    assert task["tags"] == ["home", "money"]
    assert task["due_date"] == "2031-01-31T08:00:00.000Z"
    assert [reminder["reminder_at"] for reminder in task["reminders"]] == ["2031-01-31T07:00:00.000Z", "2031-01-30T12:00:00.000Z"]
    assert task["recurring_end_date"] == "2032-12-31"
    assert (task["status"], task["sequence"], task["parent_id"], task["completed_at"]) == ("pending", 1, None, None)
    found = read(user, task)
    assert (found.json(), found.headers["etag"]) == (task, '"1"')
    assert user.http.get(f"{user.host.url}{answer.headers['location']}", timeout=10).json() == task


def test_a_title_is_enough_and_null_is_as_good_as_absent(user: User) -> None:
    nothing = dict.fromkeys(FULL.keys() - {"title"}, None)
    first, second = create(user, title="a").json(), create(user, title="a", **nothing).json()
    own = ("id", "created_at", "updated_at")
    assert {name: first[name] for name in FIELDS - set(own)} == {name: second[name] for name in FIELDS - set(own)}


def test_the_same_key_gives_the_same_task(user: User) -> None:
    key = {"idempotency-key": "once"}
    first, again = create(user, key, title="a", priority="low"), create(user, key, priority="low", title="a")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    refused(create(user, key, title="b"), 422, "Idempotency-Key")
    change(user, first.json(), {"title": "changed"})
    assert create(user, key, title="a", priority="low").json() == first.json(), "the first answer, not the present task"
    assert len(user.http.get(user.path("/tasks"), timeout=10).json()["items"]) == 1


def test_a_key_belongs_to_its_user(host: Host, user: User) -> None:
    other = sign_up(host)
    key = {"idempotency-key": "shared"}
    assert create(user, key, title="a").json()["id"] != create(other, key, title="a").json()["id"]


def test_twenty_at_once_with_one_key_are_one_task(user: User) -> None:
    headers = {"authorization": f"Bearer {user.token}", "idempotency-key": "twenty"}

    def send(_: int) -> requests.Response:
        return requests.post(user.path("/tasks"), json={"title": "once"}, headers=headers, timeout=20)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert [answer.status_code for answer in answers] == [201] * 20
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(user.http.get(user.path("/tasks"), timeout=10).json()["items"]) == 1
    assert len(trail_with(user, 1)) == 1


def test_a_lost_update_is_refused(user: User) -> None:
    task = create(user, title="a").json()
    changed = change(user, task, {"title": "b"}, '"1"')
    assert (changed.status_code, changed.headers["etag"], changed.json()["sequence"]) == (200, '"2"', 2)
    for version in ('"1"', '"3"', 'W/"2"', "2", '"x"', '""'):
        refused(change(user, task, {"title": "c"}, version), 412)
        refused(delete(user, task, **{"if-match": version}), 412)
        refused(
            user.http.patch(user.path(f"/tasks/{task['id']}/complete"), headers={"if-match": version}, timeout=10), 412
        )
    assert read(user, task).json() == changed.json()
    assert change(user, task, {"title": "d"}, "*").json()["sequence"] == 3
    assert change(user, task, {"title": "e"}).json()["sequence"] == 4


def test_of_twenty_changes_of_one_version_one_wins(user: User) -> None:
    task = create(user, title="a").json()
    headers = {"authorization": f"Bearer {user.token}", "if-match": '"1"'}

    def send(n: int) -> requests.Response:
        return requests.patch(user.path(f"/tasks/{task['id']}"), json={"title": f"by {n}"}, headers=headers, timeout=20)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    assert read(user, task).json() == winner


def test_a_client_that_has_the_version_gets_304(user: User) -> None:
    task = create(user, title="a").json()
    for known in ('"1"', 'W/"1"', '"7", "1"', "*"):
        answer = read(user, task, **{"if-none-match": known})
        assert (answer.status_code, answer.headers["etag"], answer.content) == (304, '"1"', b""), known
    for unknown in ('"2"', "1", '"11"'):
        assert read(user, task, **{"if-none-match": unknown}).status_code == 200, unknown


def test_a_patch_changes_what_it_names_and_null_clears(user: User) -> None:
    task = create(user, **FULL).json()
    assert change(user, task, {}).json() == task, "an empty patch is no change"
    patched = change(user, task, {"description": None, "tags": ["new"], "priority": None, "category": None}).json()
    differing = {name for name in FIELDS if patched[name] != task[name]}
    assert differing == {"description", "tags", "priority", "category", "sequence", "updated_at"}
    assert (patched["description"], patched["tags"], patched["priority"], patched["category"]) == (None, ["new"], "medium", None)
    cleared = change(user, task, {"tags": None, "reminders": None, "recurring_rule": None, "time_zone": None}).json()
    assert (cleared["tags"], cleared["reminders"], cleared["recurring_rule"], cleared["time_zone"]) == ([], [], None, "UTC")
    refused(change(user, task, {"title": None}), 422, "#/title")


def test_relative_reminders_follow_the_due_date(user: User) -> None:
    task = create(user, **FULL).json()
    moved = change(user, task, {"due_date": "2031-02-01T08:00:00Z"}).json()
    relative, absolute = moved["reminders"]
    assert (relative["reminder_at"], relative["id"]) == ("2031-02-01T07:00:00.000Z", task["reminders"][0]["id"])
    assert absolute == task["reminders"][1]
    without = change(user, task, {"due_date": None, "recurring_rule": None, "recurring_end_date": None}).json()
    assert without["reminders"] == [absolute]


def test_completing_is_done_once(user: User) -> None:
    task = create(user, title="a").json()
    done = complete(user, task)
    assert (done.json()["status"], done.headers["etag"]) == ("completed", '"2"')
    assert done.json()["completed_at"] == done.json()["updated_at"]
    assert complete(user, task).json() == done.json()
    reopened = change(user, task, {"status": "pending"}).json()
    assert (reopened["status"], reopened["completed_at"]) == ("pending", None)


def test_a_deleted_task_is_gone_and_can_be_brought_back(user: User) -> None:
    task = create(user, **FULL).json()
    assert restore(user, task).status_code == 409
    answer = delete(user, task)
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (read(user, task), delete(user, task), complete(user, task), change(user, task, {"title": "b"})):
        refused(gone, 404)
    assert user.http.get(user.path("/tasks"), timeout=10).json()["items"] == []
    back = restore(user, task)
    assert back.status_code == 200, back.text
    differing = {name for name in FIELDS if back.json()[name] != task[name]}
    assert differing <= {"sequence", "updated_at"}
    assert back.json()["sequence"] == 3
    assert read(user, task).json() == back.json()
    refused(restore(user, task), 409)
    refused(restore(user, {"id": "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21"}), 404)


def test_the_trail_tells_all_of_it_in_order(user: User) -> None:
    task = create(user, title="a", due_date="2031-01-31T09:00:00Z").json()
    change(user, task, {"title": "b", "reminders": [{"before_minutes": 5}]})
    complete(user, task)
    delete(user, task)
    restore(user, task)
    entries = trail_with(user, 7, task_id=task["id"])
    told = [(entry["sequence"], entry["event_type"].removeprefix("com.todo.")) for entry in entries]
    assert sorted(told) == [
        (1, "task.created"),
        (2, "reminder.scheduled"),
        (2, "task.updated"),
        (3, "reminder.cancelled"),
        (3, "task.completed"),
        (4, "task.deleted"),
        (5, "task.restored"),
    ]
    assert [sequence for sequence, _ in told] == sorted((sequence for sequence, _ in told), reverse=True)
    updated = next(entry for entry in entries if entry["event_type"] == "com.todo.task.updated")
    assert (updated["previous"]["title"], updated["payload"]["title"]) == ("a", "b")
    assert {entry["user_id"] for entry in entries} == {user.id}


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"status": "in_progress"}, {"b"}),
        ({"priority": "urgent"}, {"c"}),
        ({"tag": "x"}, {"a", "b"}),
        ({"tag": "X"}, set()),
        ({"category": "Work"}, {"b", "c"}),
        ({"due_after": "2031-01-02"}, {"b", "c"}),
        ({"due_before": "2031-01-02"}, {"a"}),
        ({"due_after": "2031-01-02T00:00:00Z", "due_before": "2031-01-03"}, {"b"}),
        ({"q": "ÄPFEL"}, {"c"}),
        ({"q": "%"}, set()),
        ({"q": "100%"}, set()),
        ({"tag": "x", "category": "Work"}, {"b"}),
        ({"status": "completed"}, set()),
        ({}, {"a", "b", "c", "d"}),
    ],
)
def test_filters(filtered: User, query: dict, titles: set[str]) -> None:
    answer = filtered.http.get(filtered.path("/tasks"), params=query, timeout=10)
    assert answer.status_code == 200, answer.text
    assert {task["title"] for task in answer.json()["items"]} == titles
    assert answer.json()["next_cursor"] is None


@pytest.fixture(scope="module")
def filtered(host: Host) -> User:
    somebody = sign_up(host)
    create(somebody, title="a", tags=["x"], due_date="2031-01-01")
    create(somebody, title="b", tags=["x", "y"], category="Work", status="in_progress", due_date="2031-01-02")
    create(somebody, title="c", category="Work", priority="urgent", due_date="2031-01-03T10:00:00Z", description="grüne Äpfel")
    create(somebody, title="d")
    return somebody


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("created_at", lambda task: task["created_at"]),
        ("updated_at", lambda task: task["updated_at"]),
        ("title", lambda task: task["title"].casefold()),
        ("priority", lambda task: ("low", "medium", "high", "urgent").index(task["priority"])),
    ],
)
def test_sorts(sorted_tasks: User, sort: str, key: Callable[[dict], object]) -> None:
    for order, reverse in ((sort, False), (f"-{sort}", True)):
        keys = [key(task) for task in pages(sorted_tasks, 7, sort=order)]
        assert len(keys) == 20 and keys == sorted(keys, reverse=reverse), order


def test_what_has_no_due_date_comes_last_in_both_directions(sorted_tasks: User) -> None:
    for order, reverse in (("due_date", False), ("-due_date", True)):
        dates = [task["due_date"] for task in pages(sorted_tasks, 7, sort=order)]
        given = list(itertools.takewhile(lambda date: date is not None, dates))
        assert given == sorted(given, reverse=reverse) and len(given) == 10
        assert dates[len(given) :] == [None] * 10


@pytest.fixture(scope="module")
def sorted_tasks(host: Host) -> User:
    somebody = sign_up(host)
    priorities = itertools.cycle(("urgent", "low", "high", "medium"))
    for n in range(20):
        title = f"{'Ab'[n % 2]}{(n * 7) % 20:02}"
        create(somebody, title=title, priority=next(priorities), due_date=f"2031-02-{n + 1:02}" if n % 2 else None)
    for task in pages(somebody, 50)[::3]:
        change(somebody, task, {"description": "changed"})
    return somebody


def pages(user: User, limit: int, **query: str) -> list[dict]:
    """The whole list, page by page."""
    tasks: list[dict] = []
    cursor: dict[str, str] = {}
    while True:
        answer = user.http.get(user.path("/tasks"), params={"limit": limit} | query | cursor, timeout=10)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        tasks += page["items"]
        if page["next_cursor"] is None:
            return tasks
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "title", "-priority"])
def test_250_tasks_page_by_page_while_others_come(user: User, sort: str) -> None:
    def add(n: int) -> str:
        draft = {"title": f"{n * 37 % 1000:03}", "priority": ("low", "high")[n % 2]}
        headers = {"authorization": f"Bearer {user.token}"}
        return requests.post(user.path("/tasks"), json=draft, headers=headers, timeout=20).json()["id"]

    with ThreadPoolExecutor(8) as pool:
        there = set(pool.map(add, range(250)))
        assert len(there) == 250
        coming = pool.map(add, range(250, 320))
        seen = [task["id"] for task in pages(user, 20, sort=sort)]
        came = set(coming)
    assert len(seen) == len(set(seen)), "a task came twice"
    assert there <= set(seen) <= there | came
    assert len(pages(user, 200, sort=sort)) == 320


def test_the_trail_pages_and_filters(user: User) -> None:
    tasks = [create(user, title=str(n)).json() for n in range(25)]
    complete(user, tasks[0])
    entries = trail_with(user, 26)
    assert len({entry["id"] for entry in entries}) == 26
    assert [entry["time"] for entry in entries] == sorted((entry["time"] for entry in entries), reverse=True)
    assert trail(user, limit=4) == entries
    assert {entry["sequence"] for entry in trail(user, task_id=tasks[0]["id"])} == {1, 2}
    assert len(trail(user, type="com.todo.task.completed")) == 1
    middle = entries[10]["time"]
    later, earlier = trail(user, **{"from": middle}), trail(user, to=middle)
    assert later + earlier == entries and all(entry["time"] >= middle for entry in later)
