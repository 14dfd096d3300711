"""What is measured: Dayloom, embedded and on servers, and its three twins, each started on a port of its own and stopped by its handle.
Dayloom with sidecars is in dapr.py."""

from __future__ import annotations

import asyncio
import functools
import os
import secrets
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import jwt
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
STARTED_WITHIN_SECONDS = 60


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def resident_mib(pid: int) -> float:
    """Proportional set size of a process and its children: shared pages are counted once."""
    total = 0
    for p in [pid, *children(pid)]:
        try:
            lines = Path(f"/proc/{p}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children(child)]
    return found


@functools.cache
def database(name: str) -> str:
    """The URL of a new database on the server of this run: Debian's PostgreSQL with default settings, fsync on."""
    server = os.environ["DAYLOOM_TEST_POSTGRES_URL"]

    async def create() -> None:
        connection = await asyncpg.connect(server)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(create())
    return server.rpartition("/")[0] + f"/{name}"


@dataclass
class User:
    id: str
    token: str


@dataclass
class Subject:
    """One server. A subclass says how it is started, and what its requests look like."""

    name: str
    directory: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    started_ms: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    health = "/health"

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def cwd(self) -> Path:
        return ROOT

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        log = (self.directory / "log").open("ab")
        command = self.command()
        begun = time.monotonic()
        self.process = subprocess.Popen(
            command, env=os.environ | self.environment(), cwd=self.cwd(), stdout=log, stderr=log
        )
        while True:
            try:
                if requests.get(self.url + self.health, timeout=1).ok:
                    break
            except (requests.ConnectionError, requests.Timeout):
                pass
            if self.process.poll() is not None or time.monotonic() - begun > STARTED_WITHIN_SECONDS:
                raise SystemExit(f"{self.name} did not start; see {log.name}")
            time.sleep(0.002)
        self.started_ms = (time.monotonic() - begun) * 1000

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def resident(self) -> float:
        assert self.process
        return resident_mib(self.process.pid)

    def users(self, count: int) -> list[User]:
        raise NotImplementedError

    def create(self, user: User, draft: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        return "POST", f"/api/{user.id}/tasks", draft

    def read(self, user: User, task: str) -> tuple[str, str, None]:
        return "GET", f"/api/{user.id}/tasks/{task}", None

    def list(self, user: User) -> tuple[str, str, None]:
        return "GET", f"/api/{user.id}/tasks?limit=50", None

    def complete(self, user: User, task: str) -> tuple[str, str, dict[str, Any] | None]:
        return "PATCH", f"/api/{user.id}/tasks/{task}/complete", None

    def some_tasks(self, user: User, count: int) -> list[str]:
        """Ids of up to `count` tasks of the user, newest first."""
        ids: list[str] = []
        path: str | None = f"/api/{user.id}/tasks?limit={min(count, 200)}"
        while path and len(ids) < count:
            page = requests.get(self.url + path, headers={"Authorization": f"Bearer {user.token}"}, timeout=30).json()
            ids += [task["id"] for task in page["items"]]
            cursor = page.get("next_cursor")
            path = f"/api/{user.id}/tasks?limit=200&cursor={cursor}" if cursor else None
        return ids[:count]


class Dayloom(Subject):
    def command(self) -> list[str]:
        return [os.environ["DAYLOOM_BIN"], "up", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.directory / "data")]

    def users(self, count: int) -> list[User]:
        return self.signed_up(self.url, count)

    @property
    def live_port(self) -> int:
        """Where live connections are taken."""
        return self.port

    @staticmethod
    def signed_up(url: str, count: int) -> list[User]:
        users = []
        for n in range(count):
            draft = {"name": f"User {n}", "email": f"user{n}@example.com", "password": f"a long password {n}"}
            answer = requests.post(url + "/api/auth/sign-up", json=draft, timeout=30)
            answer.raise_for_status()
            users.append(User(answer.json()["user"]["id"], answer.json()["token"]))
        return users


class OnServers(Dayloom):
    """The same components on PostgreSQL, Kafka and Redis. Subjects with one name share a database, topics and keys."""

    key = secrets.token_urlsafe(32)

    def environment(self) -> dict[str, str]:
        return {
            "DAYLOOM_POSTGRES_URL": database(self.name),
            "DAYLOOM_POSTGRES_TLS": "off",
            "DAYLOOM_KAFKA_BOOTSTRAP_SERVERS": os.environ["DAYLOOM_TEST_KAFKA"],
            "DAYLOOM_KAFKA_TOPIC_PREFIX": f"{self.name}.",
            "DAYLOOM_KAFKA_GROUP_PREFIX": f"{self.name}.",
            "DAYLOOM_REDIS_URL": os.environ["DAYLOOM_TEST_REDIS_URL"],
            "DAYLOOM_REDIS_PREFIX": self.name,
            "DAYLOOM_VARIABLE_KEY_ENCRYPTION_KEY": self.key,
        }


class SignedHere(Subject):
    """A twin that trusts a key of ours, so that no sign-up is needed; the token has the size and claims of Dayloom's."""

    key = Ed25519PrivateKey.generate()

    def public_pem(self) -> str:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    def users(self, count: int) -> list[User]:
        now = int(time.time())
        claims = {"iss": "dayloom", "aud": "dayloom", "iat": now, "exp": now + 3600, "sid": "0" * 36}
        return [
            User(f"user-{n}", jwt.encode(claims | {"sub": f"user-{n}", "user_id": f"user-{n}"}, self.key, algorithm="EdDSA"))
            for n in range(count)
        ]


class Native(SignedHere):
    def command(self) -> list[str]:
        binary = Path(os.environ["DAYLOOM_BIN"]).with_name("dayloom-bench-native")
        migrations = ROOT / "components/migrations"
        return [str(binary), f"127.0.0.1:{self.port}", str(self.directory / "data"), str(migrations)]

    def environment(self) -> dict[str, str]:
        return {"PUBLIC_KEY_PEM": self.public_pem()}


class FastApi(SignedHere):
    def command(self) -> list[str]:
        import sys

        return [sys.executable, "-m", "uvicorn", "app:app", "--port", str(self.port), "--workers", "2", "--log-level", "warning"]

    def cwd(self) -> Path:
        return HERE / "fastapi"

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": database(self.name).replace("postgres://", "postgresql+asyncpg://"), "PUBLIC_KEY_PEM": self.public_pem()}

    def some_tasks(self, user: User, count: int) -> list[str]:
        return super().some_tasks(user, min(count, 200))


class PocketBase(Subject):
    health = "/api/health"

    def build(self) -> Path:
        binary = self.directory / "pocketbase"
        subprocess.run(["go", "build", "-o", str(binary), "."], cwd=HERE / "pocketbase", check=True)
        return binary

    def command(self) -> list[str]:
        return [str(self.build()), "serve", f"--http=127.0.0.1:{self.port}", f"--dir={self.directory / 'data'}"]

    def users(self, count: int) -> list[User]:
        users = []
        for n in range(count):
            secret = {"email": f"user{n}@example.com", "password": f"a long password {n}"}
            draft = secret | {"passwordConfirm": secret["password"]}
            requests.post(self.url + "/api/collections/users/records", json=draft, timeout=30).raise_for_status()
            signed = {"identity": secret["email"], "password": secret["password"]}
            answer = requests.post(self.url + "/api/collections/users/auth-with-password", json=signed, timeout=30).json()
            users.append(User(answer["record"]["id"], answer["token"]))
        return users

    records = "/api/collections/tasks/records"

    def create(self, user: User, draft: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        return "POST", self.records, draft | {"user": user.id, "status": "pending"}

    def read(self, user: User, task: str) -> tuple[str, str, None]:
        return "GET", f"{self.records}/{task}", None

    def list(self, user: User) -> tuple[str, str, None]:
        return "GET", f"{self.records}?perPage=50&sort=-created&skipTotal=1", None

    def complete(self, user: User, task: str) -> tuple[str, str, dict[str, Any]]:
        return "PATCH", f"{self.records}/{task}", {"status": "completed", "completed_at": "2026-01-01 00:00:00.000Z"}

    def some_tasks(self, user: User, count: int) -> list[str]:
        ids: list[str] = []
        page = 1
        while len(ids) < count:
            path = f"{self.records}?perPage=500&page={page}&sort=-created&skipTotal=1&fields=id"
            items = requests.get(self.url + path, headers={"Authorization": user.token}, timeout=30).json()["items"]
            ids += [item["id"] for item in items]
            page += 1
            if len(items) < 500:
                break
        return ids[:count]
