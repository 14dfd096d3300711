"""What the page is to people who do not use it with eyes and a mouse: no serious finding of axe-core, in light and in dark."""

from collections.abc import Callable

import pytest
from conftest import ROOT, User
from e2e.browser import Desk, Screen
from playwright.sync_api import expect

AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"


def findings(screen: Screen) -> list[str]:
    # Colours in the middle of a transition are nobody's choice.
    screen.page.evaluate("Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => {})))")
    result = screen.page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def sign_in_page(screen: Screen, user: User) -> None:
    screen.open()
    screen.accept(r"status of 401 .*/api/auth/sign-in")
    screen.sign_in(user, "not the password")
    expect(screen.page.get_by_role("alert")).to_be_visible()


def tasks_page(screen: Screen, user: User) -> None:
    user.create(title="Late", due_date="2020-01-31", priority="urgent", tags=["home"], recurring_rule="daily")
    user.create(title="Done", status="completed", priority="high", due_date="2020-01-31")
    user.create(title="Gone")
    screen.open().sign_in(user)
    screen.becomes_live().unfold_done()
    screen.delete("Gone")
    expect(screen.page.get_by_role("button", name="Undo")).to_be_visible()
    screen.new_task.fill("Half written")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("visit", [sign_in_page, tasks_page])
def test_axe_finds_nothing_serious(desk: Desk, user: User, scheme: str, visit: Callable[[Screen, User], None]) -> None:
    screen = desk.screen(color_scheme=scheme)
    screen.page.add_init_script(path=AXE)
    visit(screen, user)
    assert findings(screen) == []
