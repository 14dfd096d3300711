"""What a person does with the page, against the real application."""

import requests
from conftest import PASSWORD, User
from e2e.browser import Desk, Screen
from playwright.sync_api import Locator, expect


def test_sign_up_leads_to_an_empty_list_and_survives_a_reload(desk: Desk) -> None:
    screen = desk.screen().open()
    screen.page.get_by_role("link", name="Create an account").click()
    screen.page.get_by_label("Name").fill("Zoë Ångström")
    screen.page.get_by_label("E-mail").fill("zoe@example.com")
    screen.page.get_by_label("Password").fill(PASSWORD)
    screen.page.get_by_role("button", name="Create account").click()
    expect(screen.page.get_by_role("heading", level=1)).to_contain_text("Zoë")
    expect(screen.page.get_by_text("Nothing to do yet")).to_be_visible()

    screen.becomes_live().add("Water the plants")
    screen.page.reload()
    expect(screen.open_tasks).to_contain_text(["Water the plants"])
    # A script, ours or not, finds no credential to take away.
    assert screen.page.evaluate("document.cookie + JSON.stringify({...localStorage, ...sessionStorage})") == "{}"


def test_a_wrong_password_is_told_and_the_right_one_still_works(desk: Desk, user: User) -> None:
    screen = desk.screen().open()
    screen.accept(r"status of 401 .*/api/auth/sign-in")
    screen.sign_in(user, "not the password")
    expect(screen.page.get_by_role("alert")).to_have_text("The address or the password is wrong.")
    screen.sign_in(user)
    screen.becomes_live()


def test_what_is_wrong_with_a_field_stands_beside_it(desk: Desk, user: User) -> None:
    screen = desk.screen().open("/sign-up")
    screen.accept(r"status of 4\d\d .*/api/auth/sign-up")
    screen.page.get_by_label("Name").fill("Ana")
    screen.page.get_by_label("E-mail").fill("ana2@example.com")
    screen.page.get_by_label("Password").fill("short")
    screen.page.get_by_role("button", name="Create account").click()
    password = screen.page.get_by_label("Password")
    expect(password).to_have_attribute("aria-invalid", "true")
    expect(password).to_have_accessible_description(screen.page.get_by_role("alert").inner_text())


def test_a_task_is_added_completed_reopened_deleted_and_brought_back(screen: Screen, user: User) -> None:
    screen.add("Buy bread")
    screen.add("Call Ana")
    expect(screen.new_task).to_be_focused()
    expect(screen.open_tasks).to_contain_text(["Call Ana", "Buy bread"])

    screen.checkbox("Buy bread").click()
    expect(screen.open_tasks).to_contain_text(["Call Ana"])
    screen.unfold_done()
    screen.checkbox("Buy bread").click()
    expect(screen.open_tasks).to_have_count(2)

    screen.delete("Buy bread")
    expect(screen.open_tasks).to_contain_text(["Call Ana"])
    screen.page.get_by_role("button", name="Undo").click()
    expect(screen.open_tasks).to_have_count(2)

    def on_the_server() -> dict[str, str]:
        items = user.http.get(user.path("/tasks"), timeout=10).json()["items"]
        return {task["title"]: task["status"] for task in items}

    assert on_the_server() == {"Call Ana": "pending", "Buy bread": "pending"}


def test_a_row_tells_all_that_stands_out(screen: Screen, user: User) -> None:
    user.create(
        title="Pay the rent",
        due_date="2031-01-31T09:00:00+01:00",
        time_zone="Europe/Berlin",
        priority="urgent",
        tags=["home", "money"],
        recurring_rule="every 2 weeks on monday",
    )
    row = screen.open_tasks.filter(has_text="Pay the rent")
    for told in ("31 Jan 2031, 09:00", "Urgent", "#home", "#money", "Every 2 weeks on monday"):
        expect(row).to_contain_text(told)


def test_everything_can_be_done_by_keyboard(desk: Desk, user: User) -> None:
    page = (screen := desk.screen().open()).page

    def tab_to(target: Locator) -> None:
        expect(target).to_be_visible()
        for _ in range(20):
            page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"{target} is out of the keyboard's reach")

    tab_to(page.get_by_label("E-mail"))
    page.keyboard.type(user.email)
    tab_to(page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    screen.becomes_live()

    tab_to(screen.new_task)
    for title in ("First", "Second", "Third"):
        page.keyboard.type(title)
        page.keyboard.press("Enter")
    expect(screen.open_tasks).to_contain_text(["Third", "Second", "First"])
    expect(screen.checkbox("Third")).to_be_enabled()

    tab_to(screen.checkbox("Third"))
    page.keyboard.press("Space")
    expect(screen.open_tasks).to_contain_text(["Second", "First"])
    # What was left behind does not send the keyboard back to the start.
    expect(screen.checkbox("Second")).to_be_focused()
    tab_to(page.get_by_role("button", name="Delete “Second”"))
    page.keyboard.press("Enter")
    expect(screen.open_tasks).to_contain_text(["First"])
    tab_to(page.get_by_role("button", name="Undo"))
    page.keyboard.press("Enter")
    expect(screen.open_tasks).to_have_count(2)

    tab_to(page.get_by_role("button", name="Sign out"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_phone_shows_all_of_it_without_scrolling_sideways(desk: Desk, user: User) -> None:
    user.create(title="W" * 200, tags=["x" * 50, "y" * 50], priority="urgent", due_date="2031-01-31")
    user.create(title="Short", recurring_rule="FREQ=MONTHLY;BYDAY=-1FR;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12", due_date="2031-01-31")
    screen = desk.screen(viewport={"width": 320, "height": 640}, is_mobile=True, has_touch=True).open()

    def fits() -> None:
        assert screen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    expect(screen.page.get_by_label("Password")).to_be_visible()
    fits()
    screen.sign_in(user)
    screen.becomes_live()
    expect(screen.open_tasks).to_have_count(2)
    fits()
    # A row hides what juts out, so the page alone does not tell.
    for row in screen.open_tasks.all():
        assert row.evaluate("row => row.scrollWidth <= row.clientWidth"), row.inner_text()
    screen.new_task.tap()
    screen.new_task.fill("By thumb")
    fits()
    screen.page.get_by_role("button", name="Add task").tap()
    expect(screen.open_tasks).to_have_count(3)
    # There is no pointer to hover with, so what can be done to a row is there at once.
    expect(screen.page.get_by_role("button", name="Delete “Short”")).to_have_css("opacity", "1")


def test_the_api_viewer_shows_every_operation_of_the_document(desk: Desk) -> None:
    document = requests.get(f"{desk.base_url}/openapi.json", timeout=10).json()
    verbs = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
    operations = sum(len(verbs & item.keys()) for item in document["paths"].values())
    assert operations > 0
    screen = desk.screen().open("/docs")
    expect(screen.page.locator(".opblock")).to_have_count(operations)
    screen.page.locator(".opblock").first.click()
    expect(screen.page.get_by_role("button", name="Try it out")).to_be_visible()
