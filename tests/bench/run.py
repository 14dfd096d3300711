"""Dayloom beside its twins, in one run on one machine; ratios are what counts.

    cargo xtask bench [--seconds 8] [--only dayloom,servers,dapr,native,fastapi,pocketbase] [--write]

Every subject gets the same load from the same generator (wrk, 1 thread, 32 connections, 32 users), one subject at a time.
`--write` puts the tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import requests
import websockets

from dapr import OnDapr, spin
from subjects import HERE, ROOT, Dayloom, FastApi, Native, OnServers, PocketBase, Subject, User

USERS = 32
CONNECTIONS = 32
READ_TASKS_PER_USER = 100
COMPLETED_AT_MOST = 40_000
LATENCY_SAMPLES = 500
COLD_STARTS = 10
# An event that takes longer on an idle machine is lost.
LIVE_WITHIN_SECONDS = 20
RATE = 100
# Hosts that join new consumer groups have them for themselves only after a few rounds of rebalancing.
SETTLING_SECONDS = 10
STEADY_SECONDS = 15
DRAFT = {
    "title": "Call the plumber about the kitchen tap",
    "description": "It drips again. Ask for an appointment before noon, and whether the part is in stock.",
    "priority": "high",
    "due_date": "2030-05-04T09:30:00Z",
}
SUBJECTS = ("dayloom", "servers", "dapr", "native", "fastapi", "pocketbase")
OURS = ("dayloom", "servers", "dapr")
SCENARIOS = ("create", "read-one", "list-50", "complete")


def load(subject: Subject, lines: list[tuple[str, str, str, Any]], seconds: int, once: bool = False) -> dict[str, float]:
    """Sends the requests for so many seconds and returns wrk's counts; an answer that is not 2xx fails the run."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        for method, path, token, body in lines:
            file.write(f"{method}\t{path}\t{token}\t{json.dumps(body) if body is not None else ''}\n")
        file.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(HERE / "load/requests.lua"), subject.url, "--", file.name]
        output = subprocess.run(command + (["once"] if once else []), check=True, capture_output=True, text=True).stdout
    result = json.loads(output.strip().splitlines()[-1])
    # At the end of a "once" run wrk cuts the connections that are still open.
    if result["failed"] > (CONNECTIONS if once else 0) or result["timeouts"]:
        raise SystemExit(f"{subject.name}: {result}\n{output}")
    result["per_second"] = result["requests"] / result["seconds"]
    return result


def measure(subject: Subject, seconds: int) -> dict[str, Any]:
    subject.start()
    try:
        users = subject.users(USERS)
        idle_mib = subject.resident()
        for user in users[:4]:
            load(subject, [(*subject.list(user)[:2], user.token, None)], 1)
        results: dict[str, Any] = {}
        creates = [(m, p, u.token, b) for u in users for m, p, b in [subject.create(u, DRAFT)]]
        results["create"] = load(subject, creates, seconds)
        tasks = {user.id: subject.some_tasks(user, READ_TASKS_PER_USER) for user in users}
        reads = [(m, p, u.token, b) for n in range(READ_TASKS_PER_USER) for u in users if n < len(tasks[u.id])
                 for m, p, b in [subject.read(u, tasks[u.id][n])]]
        results["read-one"] = load(subject, reads, seconds)
        results["list-50"] = load(subject, [(m, p, u.token, b) for u in users for m, p, b in [subject.list(u)]], seconds)
        open_tasks = [subject.some_tasks(user, COMPLETED_AT_MOST // USERS) for user in users]
        completes = [(m, p, u.token, b) for n in range(max(map(len, open_tasks))) for u, ids in zip(users, open_tasks) if n < len(ids)
                     for m, p, b in [subject.complete(u, ids[n])]]
        results["complete"] = load(subject, completes, seconds, once=True)
        results["idle_mib"], results["loaded_mib"] = idle_mib, subject.resident()
        return results
    finally:
        subject.stop()


def summary(samples: list[float]) -> dict[str, float]:
    samples.sort()
    return {"p50_ms": statistics.median(samples), "p99_ms": samples[int(len(samples) * 0.99) - 1], "max_ms": samples[-1]}


async def created(subject: Dayloom, session: requests.Session, user: User, title: str) -> float:
    """Creates a task and returns when the request was sent."""
    begun = time.perf_counter()
    url, headers = f"{subject.url}/api/{user.id}/tasks", {"Authorization": f"Bearer {user.token}"}
    answer = await asyncio.to_thread(session.post, url, json=DRAFT | {"title": title}, headers=headers)
    answer.raise_for_status()
    return begun


async def websocket_latency(subject: Dayloom, user: User) -> dict[str, float]:
    """Milliseconds from sending a create to seeing its event on a WebSocket of the same user, one at a time."""
    samples = []
    protocols = [websockets.Subprotocol("dayloom.v1"), websockets.Subprotocol(f"bearer.{user.token}")]
    with requests.Session() as session:
        async with websockets.connect(f"ws://127.0.0.1:{subject.live_port}/ws", subprotocols=protocols) as socket:
            while json.loads(await socket.recv())["type"] != "ready":
                pass
            for n in range(LATENCY_SAMPLES):
                sent = asyncio.create_task(created(subject, session, user, f"live {n}"))
                while True:
                    message = json.loads(await asyncio.wait_for(socket.recv(), LIVE_WITHIN_SECONDS))
                    if message["type"] == "event" and message["event"]["data"]["payload"].get("title") == f"live {n}":
                        arrived = time.perf_counter()
                        break
                samples.append((arrived - await sent) * 1000)
    return summary(samples)


async def sse_latency(subject: Dayloom, user: User) -> dict[str, float]:
    """Milliseconds from sending a create to seeing its event on an SSE connection of the same user, one at a time."""
    samples = []
    with requests.Session() as session:
        reader, writer = await asyncio.open_connection("127.0.0.1", subject.live_port)
        writer.write(f"GET /api/sse/{user.id} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {user.token}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        for n in range(LATENCY_SAMPLES):
            sent = asyncio.create_task(created(subject, session, user, f"sse {n}"))
            while f'"title":"sse {n}"'.encode() not in await asyncio.wait_for(reader.readuntil(b"\n"), LIVE_WITHIN_SECONDS):
                pass
            arrived = time.perf_counter()
            samples.append((arrived - await sent) * 1000)
        writer.close()
    return summary(samples)


async def latency_across(writer: Dayloom, reader: Dayloom, user: User) -> dict[str, float]:
    """Milliseconds from sending a create through one host to its event on a connection of the other, at a steady rate, once the
    consumer groups of the new deployment have settled."""
    head = f"POST /api/{user.id}/tasks HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {user.token}\r\nContent-Type: application/json\r\n"
    begun: dict[str, float] = {}
    arrived: dict[str, float] = {}
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def create(n: int) -> None:
        body = json.dumps(DRAFT | {"title": f"steady {n}"}).encode()
        answers, requests_ = await idle.get() if not idle.empty() else await asyncio.open_connection("127.0.0.1", writer.port)
        begun[f"steady {n}"] = time.perf_counter()
        requests_.write(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await answers.readuntil(b"\r\n\r\n")).decode().lower()
        assert answer.startswith("http/1.1 201"), answer
        await answers.readexactly(int(answer.split("content-length: ")[1].split("\r\n")[0]))
        idle.put_nowait((answers, requests_))

    protocols = [websockets.Subprotocol("dayloom.v1"), websockets.Subprotocol(f"bearer.{user.token}")]
    async with websockets.connect(f"ws://127.0.0.1:{reader.port}/ws", subprotocols=protocols) as socket:
        while json.loads(await socket.recv())["type"] != "ready":
            pass

        async def listen() -> None:
            while len(arrived) < RATE * (SETTLING_SECONDS + STEADY_SECONDS):
                message = json.loads(await asyncio.wait_for(socket.recv(), 60))
                if message["type"] == "event":
                    arrived.setdefault(message["event"]["data"]["payload"].get("title"), time.perf_counter())

        listening = asyncio.create_task(listen())
        started, creates = time.perf_counter(), []
        for n in range(RATE * (SETTLING_SECONDS + STEADY_SECONDS)):
            await asyncio.sleep(max(0.0, started + n / RATE - time.perf_counter()))
            creates.append(asyncio.create_task(create(n)))
        await asyncio.gather(*creates, listening)
    counted = [f"steady {n}" for n in range(RATE * SETTLING_SECONDS, RATE * (SETTLING_SECONDS + STEADY_SECONDS))]
    return summary([(arrived[title] - begun[title]) * 1000 for title in counted])


def across_hosts(base: Path) -> dict[str, float]:
    """What only servers can be asked: how soon a change made through one host is seen at another."""
    hosts = [OnServers("across", base / f"across-{n}") for n in range(2)]
    try:
        for host in hosts:
            host.start()
        return asyncio.run(latency_across(*hosts, hosts[0].users(1)[0]))
    finally:
        for host in hosts:
            host.stop()


def through_sidecars(directory: Path) -> dict[str, float]:
    """How soon a change is seen where its event goes through two sidecars and Kafka."""
    subject = OnDapr("live", directory)
    subject.start()
    try:
        return asyncio.run(sse_latency(subject, subject.users(1)[0]))
    finally:
        subject.stop()


def embedded(directory: Path) -> dict[str, Any]:
    """What only Dayloom is asked: cold start with a warm compile cache, and latency to another connection."""
    subject = Dayloom("dayloom", directory)
    starts = []
    for _ in range(COLD_STARTS + 1):
        subject.start()
        starts.append(subject.started_ms)
        subject.stop()
    first, warm = starts[0], sorted(starts[1:])
    subject.start()
    try:
        user = subject.users(1)[0]
        latency = {"WebSocket": asyncio.run(websocket_latency(subject, user)), "SSE": asyncio.run(sse_latency(subject, user))}
    finally:
        subject.stop()
    return {"first_start_ms": first, "cold_start_ms": statistics.median(warm), "cold_start_max_ms": warm[-1], "latency": latency}


def machine() -> str:
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return f"{os.cpu_count()} × {cpu or platform.machine()}, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def report(
    results: dict[str, dict[str, Any]],
    alone: dict[str, Any] | None,
    across: dict[str, float] | None,
    dapr: dict[str, float] | None,
    seconds: int,
) -> str:
    names = list(results)
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {machine()}; the load generator shares the cores. wrk, 1 thread, {CONNECTIONS} connections, "
        f"{USERS} users, {seconds} s each.",
        "",
        "| requests/s (p50 / p99 ms) | " + " | ".join(names) + " |",
        "| --- |" + " --- |" * len(names),
    ]
    for scenario in SCENARIOS:
        cells = [f"{r[scenario]['per_second']:,.0f} ({r[scenario]['p50_ms']:.1f} / {r[scenario]['p99_ms']:.1f})" for r in results.values()]
        lines.append(f"| {scenario} | " + " | ".join(cells) + " |")
    lines.append("| memory idle → after, MiB | " + " | ".join(f"{r['idle_mib']:.0f} → {r['loaded_mib']:.0f}" for r in results.values()) + " |")
    for ours in OURS:
        others = [name for name in names if name not in OURS]
        if ours not in results or not others:
            continue
        lines += ["", f"| {ours}, as a multiple of | " + " | ".join(others) + " |", "| --- |" + " --- |" * len(others)]
        for scenario in SCENARIOS:
            mine = results[ours][scenario]["per_second"]
            lines.append(f"| {scenario} | " + " | ".join(f"{mine / results[o][scenario]['per_second']:.2f}×" for o in others) + " |")
    if alone:
        lines += ["", "| Dayloom alone | p50 | p99 | max |", "| --- | --- | --- | --- |"]
        for channel, l in alone["latency"].items():
            lines.append(f"| create → event on another {channel} connection, ms | {l['p50_ms']:.1f} | {l['p99_ms']:.1f} | {l['max_ms']:.1f} |")
        lines.append(f"| start to first answer, compile cache warm, ms | {alone['cold_start_ms']:.0f} | | {alone['cold_start_max_ms']:.0f} |")
        lines.append(f"| very first start (compiles everything), ms | {alone['first_start_ms']:.0f} | | |")
    if across:
        lines += ["", f"| servers, two hosts, {RATE} creates/s through one, after {SETTLING_SECONDS} s of them | p50 | p99 | max |", "| --- | --- | --- | --- |"]
        lines.append(f"| create → event on a WebSocket of the other, ms | {across['p50_ms']:.1f} | {across['p99_ms']:.1f} | {across['max_ms']:.1f} |")
    if dapr:
        version = subprocess.run([spin(), "--version"], check=True, capture_output=True, text=True).stdout.strip()
        lines += ["", f"| dapr, six sidecars, {version} | p50 | p99 | max |", "| --- | --- | --- | --- |"]
        lines.append(f"| create → event on another SSE connection, ms | {dapr['p50_ms']:.1f} | {dapr['p99_ms']:.1f} | {dapr['max_ms']:.1f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--only", default=",".join(SUBJECTS))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("the benchmarks need wrk; on Debian: apt-get install wrk")

    results: dict[str, dict[str, Any]] = {}
    alone = across = dapr = None
    with tempfile.TemporaryDirectory(prefix="dayloom-bench-") as scratch:
        base = Path(scratch)
        for name in options.only.split(","):
            print(f"measuring {name} …", flush=True)
            match name:
                case "dayloom":
                    results[name] = measure(Dayloom(name, base / name), options.seconds)
                    alone = embedded(base / "alone")
                case "native":
                    results[name] = measure(Native(name, base / name), options.seconds)
                case "pocketbase":
                    results[name] = measure(PocketBase(name, base / name), options.seconds)
                case "servers":
                    results[name] = measure(OnServers(name, base / name), options.seconds)
                    across = across_hosts(base)
                case "dapr":
                    results[name] = measure(OnDapr(name, base / name), options.seconds)
                    dapr = through_sidecars(base / "live")
                case "fastapi":
                    results[name] = measure(FastApi(name, base / name), options.seconds)
                case _:
                    raise SystemExit(f"there is no subject {name}")
    text = report(results, alone, across, dapr, options.seconds)
    print(text)
    if options.write:
        page = ROOT / "docs/performance.md"
        head, _, rest = page.read_text().partition("<!-- measured -->\n")
        _, _, tail = rest.partition("<!-- /measured -->")
        page.write_text(f"{head}<!-- measured -->\n{text}\n<!-- /measured -->{tail}")


if __name__ == "__main__":
    main()
