"""What happens elsewhere is on the page without a reload, whatever becomes of the connection."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from conftest import Host, User, sign_up, start, stop
from e2e.browser import LIVE_MS_MAX, Desk, Screen
from playwright.sync_api import expect


def test_a_change_in_one_tab_is_in_the_other_within_a_second(screen: Screen) -> None:
    other = screen.tab().open().becomes_live()
    screen.add("Buy bread")
    expect(other.open_tasks).to_contain_text(["Buy bread"], timeout=LIVE_MS_MAX)
    other.checkbox("Buy bread").click()
    expect(other.open_tasks).to_have_count(0)
    expect(screen.open_tasks).to_have_count(0, timeout=LIVE_MS_MAX)
    screen.unfold_done()
    screen.checkbox("Buy bread").click()
    expect(other.open_tasks).to_have_count(1, timeout=LIVE_MS_MAX)
    other.delete("Buy bread")
    expect(screen.open_tasks).to_have_count(0, timeout=LIVE_MS_MAX)
    other.page.get_by_role("button", name="Undo").click()
    expect(screen.open_tasks).to_have_count(1, timeout=LIVE_MS_MAX)


def test_signing_out_in_one_tab_signs_out_the_other(screen: Screen) -> None:
    other = screen.tab().open().becomes_live()
    screen.page.get_by_role("button", name="Sign out").click()
    for tab in (screen, other):
        expect(tab.page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(tab.open_tasks).to_have_count(0)
    other.page.reload()
    expect(other.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_another_user_sees_nothing_of_it(screen: Screen, desk: Desk, host: Host) -> None:
    stranger = sign_up(host)
    theirs = desk.screen().open()
    theirs.sign_in(stranger)
    theirs.becomes_live()
    screen.add("Not for strangers")
    # What was to come to them by mistake would have come before this.
    stranger.create(title="Their own")
    expect(theirs.open_tasks).to_contain_text(["Their own"])
    assert "Not for strangers" not in theirs.page.content()


def test_the_next_occurrence_of_a_completed_task_appears_by_itself(screen: Screen, user: User) -> None:
    user.create(title="Pay the rent", due_date="2031-01-31", recurring_rule="monthly")
    row = screen.open_tasks.filter(has_text="Pay the rent")
    expect(row).to_contain_text("31 Jan 2031")
    screen.checkbox("Pay the rent").click()
    expect(row).to_contain_text("28 Feb 2031", timeout=3 * LIVE_MS_MAX)
    expect(screen.open_tasks).to_have_count(1)


def test_where_no_websocket_gets_through_the_page_is_live_all_the_same(desk: Desk, user: User) -> None:
    screen = desk.screen()
    screen.page.route_web_socket("**/ws", lambda socket: socket.close(code=3000))
    with screen.page.expect_request("**/api/sse/*"):
        screen.open().sign_in(user)
    screen.becomes_live()
    user.create(title="By the other way")
    expect(screen.open_tasks).to_contain_text(["By the other way"], timeout=LIVE_MS_MAX)


def test_a_server_that_dies_and_comes_back_is_told_and_made_up_for(
    desks: Callable[[str], Desk], tmp_path: Path
) -> None:
    host = start(tmp_path / "data")
    user = sign_up(host)
    screen = desks(host.url).screen().open()
    # The browser writes down each attempt to reach a server that is not there, and each that the page gives up for a new one.
    screen.accept(r"net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)")
    screen.accept(r"WebSocket is closed before the connection is established")
    screen.sign_in(user)
    screen.becomes_live().add("From before")
    offline = screen.page.get_by_text("You’re offline")

    host.process.kill()
    host.process.wait(timeout=10)
    expect(offline).to_be_visible()
    screen.new_task.fill("From the dark")
    screen.new_task.press("Enter")
    expect(screen.open_tasks).to_contain_text(["From the dark", "From before"])

    # Where the page can not see it, so that it has something to catch up with.
    elsewhere = start(tmp_path / "data")
    user.host = elsewhere
    user.create(title="From elsewhere")
    stop(elsewhere)

    back = start(tmp_path / "data", urlsplit(host.url).netloc)
    user.host = back
    # The longest wait between two attempts is 15 seconds.
    expect(offline).not_to_be_visible(timeout=20_000)
    screen.becomes_live()
    for title in ("From the dark", "From elsewhere", "From before"):
        expect(screen.open_tasks.filter(has_text=title)).to_have_count(1)
    expect(screen.checkbox("From the dark")).to_be_enabled()
    titles = [task["title"] for task in user.http.get(user.path("/tasks"), timeout=10).json()["items"]]
    assert sorted(titles) == ["From before", "From elsewhere", "From the dark"]
    stop(back)
