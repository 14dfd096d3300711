"""Schemathesis holds a running host to its own API document: whatever is sent, valid or not, is answered as documented.

`schemathesis.toml` says what is expected where, and why. `DAYLOOM_EXAMPLES` raises the number of examples for each operation.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
import requests
from conftest import PASSWORD, Host, User, sign_up, start, stop
from test_notifications import come, remind

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("DAYLOOM_EXAMPLES", "60")
"""Of each operation and phase: with the default, the whole takes about a minute."""
SEED = "1"
SECONDS_MAX = 3600

LIVE = ["--exclude-tag", "realtime"]
"""Streams that stay open have no end to wait for; `test_live.py` reads them."""
ENDING = ["/api/auth/sign-out", "/api/auth/sessions/{id}"]
"""What may end the session of a run, after which all that follows would only be `401`."""


@pytest.fixture(scope="module")
def fresh_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host of its own, so that thousands of refused sign-ins use up nobody else's attempts."""
    with pytest.MonkeyPatch.context() as patch:
        # With many examples a run takes longer than a token usually lasts.
        patch.setenv("DAYLOOM_VARIABLE_ACCESS_TOKEN_SECONDS", str(SECONDS_MAX))
        host = start(tmp_path_factory.mktemp("schemathesis") / "data")
    yield host
    stop(host)


def sign_in(user: User) -> str:
    """A new session's secret."""
    body = {"email": user.email, "password": PASSWORD}
    answer = requests.post(f"{user.host.url}/api/auth/sign-in", json=body, timeout=30)
    return SimpleCookie(answer.headers["set-cookie"])["dayloom_session"].value


def run(user: User, session: str, scratch: Path, *options: str) -> None:
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(HERE / "schemathesis.toml"), "run"]
    environment = os.environ | {
        "PYTHONPATH": str(HERE),
        "DAYLOOM_URL": user.host.url,
        "DAYLOOM_USER": user.id,
        "DAYLOOM_TOKEN": user.token,
        "DAYLOOM_SESSION": session,
    }
    run = subprocess.run(
        [*command, f"{user.host.url}/openapi.json", "--seed", SEED, "--max-examples", EXAMPLES, *options],
        cwd=scratch,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_answer_is_as_documented(fresh_host: Host, tmp_path: Path) -> None:
    user = sign_up(fresh_host)
    session = sign_in(user)
    # Something to find, change and delete.
    for title in ("one", "two", "three"):
        remind(user, title)
    come(user, 3)
    run(user, session, tmp_path, *LIVE, *(option for path in ENDING for option in ("--exclude-path", path)))
    # Else much of the run was turned away at the door.
    assert user.http.get(user.path("/tasks"), timeout=10).status_code == 200
    headers = {"cookie": f"dayloom_session={session}"}
    assert requests.get(f"{fresh_host.url}/api/auth/session", headers=headers, timeout=10).status_code == 200


@pytest.mark.parametrize("path", ENDING)
def test_so_is_that_of_what_ends_sessions(fresh_host: Host, tmp_path: Path, path: str) -> None:
    user = sign_up(fresh_host)
    run(user, sign_in(user), tmp_path, "--include-path", path)
