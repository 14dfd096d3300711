"""Dayloom with a Dapr sidecar for each service, as a cluster runs it: six applications under Spin, six sidecars, no ingress before them.

Spin is `DAYLOOM_SPIN` or `spin` of the path; without either it is the stand-in that the tests are built with.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import requests

from subjects import ROOT, STARTED_WITHIN_SECONDS, Dayloom, User, database, free_port, resident_mib

# Every service that has a sidecar: its component, and its Dapr id.
SERVICES = {
    "auth": "auth", "tasks": "backend-api", "audit": "audit",
    "recurrence": "recurrence", "notifications": "notifications", "realtime": "realtime",
}
CONSUMERS = ("audit", "recurrence", "notifications", "realtime")
TOPICS = ("task-events", "task-updates", "user-events", "reminders", *(f"{name}-dead-letters" for name in CONSUMERS))
PARTITIONS = 3
MANIFESTS = ROOT / "manifests/dapr"
RESOURCES = ("resources", "subscriptions", "kafka", "secrets/file")


def spin() -> str:
    """What runs Spin applications here."""
    stand_in = Path(os.environ["DAYLOOM_BIN"]).with_name("spin-test-host")
    return os.environ.get("DAYLOOM_SPIN") or shutil.which("spin") or str(stand_in)


class OnDapr(Dayloom):
    """`port` is that of `tasks`, which is what the load goes to."""

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.ports = {name: free_port() for name in SERVICES} | {"tasks": self.port}
        self.sidecar_ports = {name: free_port() for name in SERVICES}
        self.tokens = {"app_token": secrets.token_urlsafe(24), "sidecar_token": secrets.token_urlsafe(24)}
        self.secrets_file = self.directory / "secrets.json"
        self.secrets_file.write_text(json.dumps({"key-encryption-key": {"key_encryption_key": secrets.token_urlsafe(32)}}))
        self.children: list[subprocess.Popen[bytes]] = []
        for topic in TOPICS:
            topic_of_its_own(topic)
        begun = time.monotonic()
        for name, app_id in SERVICES.items():
            self.spawn(f"{name}.app", self.app(name), {})
            self.spawn(f"{name}.sidecar", self.sidecar(name, app_id), self.sidecar_environment())
        for name in SERVICES:
            self.until_ready(name, begun)
        self.started_ms = (time.monotonic() - begun) * 1000

    def app(self, name: str) -> list[str]:
        manifest = ROOT / f"target/spin/{name}/spin.toml"
        address = database(self.name)
        server = address.rpartition("@")[2].partition("/")[0]
        redis = os.environ["DAYLOOM_TEST_REDIS_URL"]
        variables = self.tokens | {
            "postgres_url": f"{address}?sslmode=disable", "postgres_host": server,
            "redis_url": redis, "redis_host": redis.removeprefix("redis://"),
            "sidecar_url": f"http://127.0.0.1:{self.sidecar_ports[name]}", "secret_store": "dayloom-secrets",
            "auth_url": f"http://127.0.0.1:{self.ports['auth']}", "audit_url": f"http://127.0.0.1:{self.ports['audit']}",
        }
        declared = tomllib.loads(manifest.read_text())["variables"]
        chosen = [f"--variable={key}={value}" for key, value in variables.items() if key in declared]
        state = str(self.directory / f"{name}.state")
        return [spin(), "up", "--listen", f"127.0.0.1:{self.ports[name]}", "-f", str(manifest), "--state-dir", state, *chosen]

    def sidecar(self, name: str, app_id: str) -> list[str]:
        flags = {
            "app-id": app_id, "app-port": self.ports[name], "dapr-http-port": self.sidecar_ports[name],
            "dapr-grpc-port": free_port(), "dapr-internal-grpc-port": free_port(), "dapr-listen-addresses": "127.0.0.1",
            "app-channel-address": "127.0.0.1", "log-level": "warn", "app-health-check-path": "/health/ready",
            "app-health-probe-timeout": 3000, "config": MANIFESTS / "configuration.local.yaml",
        }
        resources = [f"--resources-path={MANIFESTS / folder}" for folder in RESOURCES]
        daprd = str(Path(os.environ["LOCAL_DAPR_DIR"]) / "bin/daprd")
        given = [f"--{flag}={value}" for flag, value in flags.items()]
        return [daprd, *given, "--enable-metrics=false", "--enable-app-health-check", *resources]

    def sidecar_environment(self) -> dict[str, str]:
        return {
            "APP_API_TOKEN": self.tokens["app_token"], "DAPR_API_TOKEN": self.tokens["sidecar_token"],
            "DAYLOOM_KAFKA_BROKERS": os.environ["DAYLOOM_TEST_KAFKA"],
            "DAYLOOM_REDIS_HOST": os.environ["DAYLOOM_TEST_REDIS_URL"].removeprefix("redis://"),
            "DAYLOOM_SECRETS_FILE": str(self.secrets_file),
        }

    def spawn(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        log = (self.directory / f"{name}.log").open("ab")
        # Spin starts another program, which is to be stopped with it.
        self.children.append(subprocess.Popen(
            command, env=os.environ | environment, cwd=self.directory, stdout=log, stderr=log, start_new_session=True
        ))

    def until_ready(self, name: str, begun: float) -> None:
        """Until the sidecar has reached the service, and knows what the service subscribes to."""
        url = f"http://127.0.0.1:{self.sidecar_ports[name]}/v1.0/metadata"
        while True:
            try:
                told = requests.get(url, headers={"dapr-api-token": self.tokens["sidecar_token"]}, timeout=1)
                if told.ok and (name not in CONSUMERS or told.json().get("subscriptions")) and self.answers(name):
                    return
            except (requests.ConnectionError, requests.Timeout):
                pass
            if time.monotonic() - begun > STARTED_WITHIN_SECONDS:
                raise SystemExit(f"{name} of {self.name} did not start; see {self.directory}")
            time.sleep(0.1)

    def answers(self, name: str) -> bool:
        return requests.get(f"http://127.0.0.1:{self.ports[name]}/health/ready", timeout=5).ok

    def stop(self) -> None:
        for child in self.children:
            os.killpg(child.pid, signal.SIGTERM)
        for child in self.children:
            child.wait(timeout=30)
        self.children = []

    def resident(self) -> float:
        return sum(resident_mib(child.pid) for child in self.children)

    def users(self, count: int) -> list[User]:
        return self.signed_up(f"http://127.0.0.1:{self.ports['auth']}", count)

    @property
    def live_port(self) -> int:
        return self.ports["realtime"]


def topic_of_its_own(name: str) -> None:
    """An empty topic: daprd makes none, and a broker would make it with one partition."""
    jars = Path(os.environ["LOCAL_KAFKA_DIR"]) / "libs/*"
    tool = ["java", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=OFF", "-cp", str(jars), "org.apache.kafka.tools.TopicCommand"]
    server = ["--bootstrap-server", os.environ["DAYLOOM_TEST_KAFKA"], "--topic", name]
    subprocess.run([*tool, *server, "--delete", "--if-exists"], check=True, capture_output=True)
    deadline = time.monotonic() + STARTED_WITHIN_SECONDS
    # A topic that is being deleted is still there for a moment.
    while subprocess.run([*tool, *server, "--create", "--partitions", str(PARTITIONS)], capture_output=True).returncode:
        if time.monotonic() > deadline:
            raise SystemExit(f"the topic {name} can not be made")
        time.sleep(0.5)
