"""What Schemathesis can not know: our formats, and which rules no schema can say."""

import re

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, Response

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe"]
RULES = [
    "daily",
    "monthly",
    "every 2 weeks on monday",
    "last friday of the month",
    "every year on 29 february",
    "FREQ=WEEKLY;BYDAY=MO,WE",
    "RRULE:FREQ=MONTHLY;BYMONTHDAY=31;COUNT=12",
]

schemathesis.openapi.format("time-zone", st.sampled_from(ZONES))
schemathesis.openapi.format("recurrence-rule", st.sampled_from(RULES))

BEYOND_SCHEMAS = re.compile(
    r"""
      \?cursor                     # opaque
    | Idempotency-Key              # used before, for another request
    | \#/reminders(/\d+(/.*)?)?    # has passed, lacks its due date, or says nothing
    | \#/recurring_(rule|end_date) # does not fit the due date or the rule
    | \#/quiet_hours/end           # the same as the start
    """,
    re.VERBOSE,
)


@schemathesis.check
def what_fits_its_schema_is_refused_for_what_no_schema_can_say(ctx: CheckContext, response: Response, case: Case) -> None:
    """Narrows the 422 that some operations may answer to valid data."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    pointers = [error["pointer"] for error in response.json()["errors"]]
    others = [pointer for pointer in pointers if not BEYOND_SCHEMAS.fullmatch(pointer)]
    assert not others, f"valid by the schema, and refused at {others}"
