"""A user to whom nothing may happen, whatever is sent in their name."""

from collections.abc import Iterator

import pytest
import requests
from conftest import Host, User, sign_up
from events import trail, trail_with


@pytest.fixture(scope="module")
def victim(host: Host) -> Iterator[User]:
    """A user whose data must be the same after all of a module, down to the trail."""
    user = sign_up(host)
    user.create(title="kept", tags=["a"], due_date="2031-01-31T09:00:00Z", reminders=[{"before_minutes": 5}])
    before = trail_with(user, 2)
    yield user
    # What the last test may have set off is in the trail once this is.
    marker = user.create(title="marker")
    trail_with(user, 1, task_id=marker["id"])
    after = [entry for entry in trail(user) if entry["task_id"] != marker["id"]]
    assert after == before, "something that was refused is in the trail"


@pytest.fixture
def user(victim: User) -> Iterator[User]:
    before = state(victim)
    yield victim
    assert state(victim) == before, "something that was refused has changed something"


def state(user: User) -> list[object]:
    """All that a user has, but for the trail, which comes a moment later."""
    paths = ("/tasks", "/notifications", "/notifications/preferences")
    return [user.http.get(user.path(path), timeout=10).json() for path in paths]


def send(user: User, method: str, path: str, **options: object) -> requests.Response:
    return user.http.request(method, user.path(path), timeout=20, **options)


def kept(user: User) -> str:
    """The path of the task that is there."""
    return f"/tasks/{send(user, 'GET', '/tasks').json()['items'][0]['id']}"
