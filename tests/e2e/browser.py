"""A real browser, and what a person sees and does in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from conftest import PASSWORD, User
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
WAIT_MS_MAX = 10_000
LIVE_MS_MAX = 1_000
"""Milliseconds in which a change in one place is in every other."""

NOBODY_SIGNED_IN = r"status of 401 .*/api/auth/token"
"""How a page learns that nobody is signed in; the browser itself writes every refusal to the console."""


@dataclass
class Screen:
    """One tab."""

    page: Page
    accepted: list[str]
    complaints: list[str]

    @property
    def new_task(self) -> Locator:
        return self.page.get_by_label("New task")

    @property
    def open_tasks(self) -> Locator:
        """The rows of what is to do, from the top."""
        return self.page.get_by_role("list", name="Open tasks").get_by_role("listitem")

    @property
    def done_tasks(self) -> Locator:
        return self.page.get_by_role("list", name="Done tasks").get_by_role("listitem")

    def open(self, path: str = "/") -> Screen:
        self.page.goto(path)
        return self

    def sign_in(self, user: User, password: str = PASSWORD) -> None:
        self.page.get_by_label("E-mail").fill(user.email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def becomes_live(self) -> Screen:
        expect(self.page.get_by_text("Live", exact=True)).to_be_visible()
        expect(self.page.get_by_label("Loading your tasks")).not_to_be_visible()
        return self

    def add(self, title: str) -> None:
        self.new_task.fill(title)
        self.new_task.press("Enter")
        expect(self.checkbox(title)).to_be_enabled()

    def checkbox(self, title: str) -> Locator:
        return self.page.get_by_role("checkbox", name=title)

    def unfold_done(self) -> None:
        self.page.locator("summary", has_text="Done").click()

    def delete(self, title: str) -> None:
        self.page.get_by_role("button", name=f"Delete “{title}”").click()

    def tab(self) -> Screen:
        """Another tab of the same browser, so with the same cookies."""
        return Screen(self.page.context.new_page(), self.accepted, self.complaints)

    def accept(self, complaint: str) -> None:
        """Says which complaint (a regular expression) of the browser belongs to this flow."""
        self.accepted.append(complaint)


@dataclass
class Desk:
    """Opens browsers that share nothing, and keeps what they complain of."""

    browser: Browser
    base_url: str
    opened: list[tuple[BrowserContext, Screen]] = field(default_factory=list)

    def screen(self, **options: object) -> Screen:
        options = {"locale": "en-GB", "timezone_id": "Europe/Berlin", "viewport": {"width": 1000, "height": 800}} | options
        context = self.browser.new_context(base_url=self.base_url, **options)
        context.set_default_timeout(WAIT_MS_MAX)
        complaints: list[str] = []

        def heard(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                complaints.append(f"{message.text} {message.location.get('url', '')}")

        # A violated content policy is an error on the console too.
        context.on("console", heard)
        context.on("weberror", lambda error: complaints.append(f"uncaught: {error.error}"))
        screen = Screen(context.new_page(), [NOBODY_SIGNED_IN], complaints)
        self.opened.append((context, screen))
        return screen

    def close(self) -> None:
        complaints = [
            complaint
            for _, screen in self.opened
            for complaint in screen.complaints
            if not any(re.search(accepted, complaint) for accepted in screen.accepted)
        ]
        for context, _ in self.opened:
            context.close()
        self.opened.clear()
        assert complaints == [], "the browser complained"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    assert executable, "the browser tests need `chromium` on the PATH"
    expect.set_options(timeout=WAIT_MS_MAX)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def desks(browser: Browser) -> Iterator[Callable[[str], Desk]]:
    """Makes desks for a server's address; at the end no browser may have complained."""
    made: list[Desk] = []

    def make(base_url: str) -> Desk:
        made.append(Desk(browser, base_url))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def desk(desks: Callable[[str], Desk], user: User) -> Desk:
    return desks(user.host.url)


@pytest.fixture
def screen(desk: Desk, user: User) -> Screen:
    """A tab in which the user is signed in and sees changes live."""
    screen = desk.screen().open()
    screen.sign_in(user)
    return screen.becomes_live()
