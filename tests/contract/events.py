"""The JSON Schemas of the repository, held against every event that a test gets to see."""

import functools
import json
import time

import jsonschema_rs
from conftest import ROOT, User

SCHEMAS = ROOT / "components/domain/schemas"
AUDIT_SECONDS_MAX = 5
"""The trail follows a change within milliseconds; this is for a machine that is busy with a build."""


@functools.cache
def schema(event_type: str) -> dict:
    return json.loads((SCHEMAS / f"{event_type}.json").read_text())


@functools.cache
def validator(event_type: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(schema(event_type), validate_formats=True)


def valid(event: dict) -> dict:
    """The event, if it is one by the schema of its type."""
    validator(event["type"]).validate(event)
    return event


@functools.cache
def data_validator(event_type: str) -> jsonschema_rs.Validator:
    whole = schema(event_type)
    part = {"$schema": whole["$schema"], "$defs": whole["$defs"], "$ref": "#/$defs/EventData"}
    return jsonschema_rs.validator_for(part, validate_formats=True)


ENTRY_MEMBERS = {
    "id", "event_id", "event_type", "task_id", "user_id", "sequence", "time", "correlation_id", "payload", "previous",
}  # fmt: skip


def valid_entry(entry: dict) -> dict:
    """The audit entry, if what it holds of its event is what the schema of that type says."""
    assert set(entry) == ENTRY_MEMBERS
    assert entry["id"] == entry["event_id"]
    members = ("task_id", "user_id", "sequence", "correlation_id", "payload", "previous")
    data = {name: entry[name] for name in members} | {"idempotency_key": "is not kept in the trail"}
    data_validator(entry["event_type"]).validate(data)
    return entry


def trail(user: User, **filters: object) -> list[dict]:
    """The user's whole audit trail, newest first, every entry held against the schema of its type."""
    entries: list[dict] = []
    cursor = {}
    while True:
        answer = user.http.get(user.path("/audit-logs"), params=filters | cursor, timeout=10)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        entries += map(valid_entry, page["items"])
        if page["next_cursor"] is None:
            return entries
        cursor = {"cursor": page["next_cursor"]}


def trail_with(user: User, count: int, **filters: object) -> list[dict]:
    """The trail as soon as it has that many entries."""
    deadline = time.monotonic() + AUDIT_SECONDS_MAX
    while True:
        entries = trail(user, **filters)
        if len(entries) >= count:
            return entries
        assert time.monotonic() < deadline, f"{len(entries)} of {count} entries came: {entries}"
