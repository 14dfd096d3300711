"""A WebSocket client and an SSE reader that are not ours see a change made over HTTP."""

import asyncio
import json
from http.cookies import SimpleCookie

import pytest
import requests
import websockets
from conftest import PASSWORD, Host, User, sign_up
from events import valid
from refusal import refused


def create(user: User, title: str) -> dict:
    answer = user.http.post(user.path("/tasks"), json={"title": title}, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()


def address(user: User) -> str:
    return user.host.url.replace("http", "ws") + "/ws"


async def until(socket: websockets.ClientConnection, kind: str) -> dict:
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if message["type"] == "event":
            valid(message["event"])
        if message["type"] == kind:
            return message


def test_the_token_can_be_a_subprotocol(user: User) -> None:
    async def run() -> None:
        protocols = [websockets.Subprotocol("dayloom.v1"), websockets.Subprotocol(f"bearer.{user.token}")]
        async with websockets.connect(address(user), subprotocols=protocols) as socket:
            assert socket.subprotocol == "dayloom.v1"
            await until(socket, "ready")
            task = await asyncio.to_thread(create, user, "by subprotocol")
            message = await until(socket, "event")
            assert message["event"]["specversion"] == "1.0"
            assert message["event"]["type"] == "com.todo.task.created"
            assert message["event"]["data"]["payload"] == task

    asyncio.run(run())


def test_the_token_can_be_the_first_message_and_a_client_that_was_away_resumes(user: User) -> None:
    async def run() -> None:
        async with websockets.connect(address(user)) as socket:
            await socket.send(json.dumps({"type": "auth", "token": user.token}))
            await until(socket, "ready")
            await asyncio.to_thread(create, user, "seen")
            seen = await until(socket, "event")
        await asyncio.to_thread(create, user, "missed")
        async with websockets.connect(address(user)) as socket:
            await socket.send(json.dumps({"type": "auth", "token": user.token}))
            await until(socket, "ready")
            await socket.send(json.dumps({"type": "resume", "after": seen["id"]}))
            missed = await until(socket, "event")
            assert missed["event"]["data"]["payload"]["title"] == "missed"
            await socket.send(json.dumps({"type": "resume", "after": "of-another-time"}))
            await until(socket, "reload")

    asyncio.run(run())


@pytest.mark.parametrize("first", ['{"type":"auth","token":"x"}', "hello", '{"type":"resume","after":"1"}'])
def test_a_bad_first_message_closes_the_connection(user: User, first: str) -> None:
    async def run() -> None:
        async with websockets.connect(address(user)) as socket:
            await socket.send(first)
            with pytest.raises(websockets.ConnectionClosed):
                while True:
                    await asyncio.wait_for(socket.recv(), 10)

    asyncio.run(run())


def test_server_sent_events_carry_the_same_and_resume(user: User) -> None:
    def frames(response: requests.Response):
        frame: dict[str, str] = {}
        for line in response.iter_lines(decode_unicode=True):
            if not line and "data" in frame:
                yield frame
            if not line:
                frame = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(": ")
                frame[name] = value

    url = f"{user.host.url}/api/sse/{user.id}"
    with user.http.get(url, stream=True, timeout=10) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert not any(name.lower().startswith("grip-") for name in response.headers)
        task = create(user, "by SSE")
        first = next(frames(response))
        assert first["event"] == "event"
        assert valid(json.loads(first["data"]))["data"]["payload"] == task
    create(user, "missed by SSE")
    with user.http.get(url, stream=True, timeout=10, headers={"last-event-id": first["id"]}) as response:
        assert json.loads(next(frames(response))["data"])["data"]["payload"]["title"] == "missed by SSE"


HANDSHAKE = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"sec-websocket-version": "12"}, 426),
        ({"sec-websocket-key": ""}, 400),
        ({"sec-websocket-protocol": "graphql-ws"}, 400),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
    ],
)
def test_a_handshake_that_is_none_is_refused(user: User, changed: dict[str, str], status: int) -> None:
    answer = requests.get(f"{user.host.url}/ws", headers=HANDSHAKE | changed, timeout=10)
    refused(answer, status)


def test_without_a_credential_there_is_nothing_to_hear(host: Host, user: User) -> None:
    for path in ("/ws", f"/api/sse/{user.id}"):
        for headers in ({}, {"authorization": "Bearer x"}, {"cookie": "dayloom_session=x"}):
            refused(requests.get(f"{host.url}{path}", headers=headers, timeout=10), 401)
    refused(sign_up(host).http.get(f"{host.url}/api/sse/{user.id}", timeout=10), 403)


def test_a_browser_listens_by_its_cookie(host: Host) -> None:
    body = {"name": "Ana", "email": "by-cookie@example.com", "password": PASSWORD}
    answer = requests.post(f"{host.url}/api/auth/sign-up", json=body, timeout=30)
    [cookie] = SimpleCookie(answer.headers["set-cookie"]).values()
    url = f"{host.url}/api/sse/{answer.json()['user']['id']}"
    with requests.get(url, headers={"cookie": f"{cookie.key}={cookie.value}"}, stream=True, timeout=10) as stream:
        assert stream.status_code == 200
        assert next(stream.iter_lines()), "the stream has begun"
