"""The console in a real browser, before a real system with a simulated shop beside it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_console import Live, live_console
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

SHOTS = os.environ.get("SHOPWRIGHT_TEST_SHOTS")
"""A folder for screenshots; none are taken without it."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Return a running system."""
    with live_console(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Return one browser for all tests of the module."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, live: Live, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return a page whose every error, and every request elsewhere, fails the test."""
    context = browser.new_context(
        color_scheme=request.param, viewport={"width": 1280, "height": 860}, base_url=live.address
    )
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    opened.on(
        "request",
        lambda sent: None if sent.url.startswith(live.address) else faults.append(sent.url),
    )
    yield opened
    context.close()
    assert faults == []


def _shot(page: Page, name: str) -> None:
    if SHOTS:
        dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        path = Path(SHOTS) / f"{name}-{'dark' if dark else 'light'}.png"
        page.screenshot(path=path, full_page=True)


def test_the_overview_leads_to_a_store_and_a_customer(page: Page, live: Live) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/console/$"))
    card = page.locator("article", has_text=live.shop)
    expect(card).to_contain_text("GBP · Europe/London")
    expect(card.locator(".bars li")).to_have_count(4)
    expect(card.locator(".bars li.own .value")).to_have_text(re.compile(r"0\.\d{3}"))
    expect(card.locator("dd").first).to_have_text(re.compile(r"^\d+$"))
    _shot(page, "overview")
    card.get_by_role("link", name=live.shop).click()
    expect(page.get_by_role("heading", name=live.shop)).to_be_visible()
    expect(page.locator("#rows tr")).to_have_count(50)
    expect(page.locator("#rows tr").first).to_contain_text("%")
    _shot(page, "store")
    first = page.locator("#rows a").first
    entity = first.get_attribute("title")
    first.click()
    expect(page.locator("#entity")).to_have_text(str(entity))
    expect(page.locator(".feature")).to_have_count(12)
    expect(page.locator("#live")).to_have_text("live")
    _shot(page, "customer")


def test_pages_of_customers_are_turned(page: Page, live: Live) -> None:
    page.goto(f"/console/stores/{live.shop}")
    expect(page.locator("#rows tr")).to_have_count(50)
    expect(page.locator("#first")).to_be_hidden()
    before = page.locator("#rows a").first.get_attribute("title")
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("#first")).to_be_visible()
    expect(page.locator("#rows a").first).not_to_have_attribute("title", str(before))
    page.get_by_role("link", name="First page").click()
    expect(page.locator("#rows a").first).to_have_attribute("title", str(before))


def test_an_order_changes_features_and_score_while_one_looks(page: Page, live: Live) -> None:
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    entity = live.customers[1 if dark else 0]
    page.goto(f"/console/stores/{live.shop}/customers/{entity}")
    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator(".legend .truth .value")).to_have_text(re.compile(r"\d+\.\d %"))
    expect(page.locator(".legend .baseline .value")).to_have_text("21.0 %")
    orders = page.locator('[data-feature="orders_total"] .value')
    before = int(orders.inner_text().replace(",", ""))
    page.get_by_role("button", name="Place an order").click()
    expect(orders).to_have_text(str(before + 1))
    row = page.locator('[data-feature="orders_total"]')
    expect(row).to_have_class(re.compile("changed"))
    expect(row.locator(".was")).to_have_text(f"{before} → {before + 1}")
    expect(page.locator('[data-feature="recency_days"]')).to_have_class(re.compile("changed"))
    expect(page.locator("#event-to-feature")).to_have_text(re.compile(r"^\d+\.\d ms$"))
    milliseconds = float(page.locator("#event-to-feature").inner_text().removesuffix(" ms"))
    assert 0 < milliseconds < 5_000
    expect(page.locator(".steps li")).to_have_count(4)
    expect(page.locator("#announce")).to_contain_text("features changed")
    page.get_by_text("The order", exact=True).click()
    expect(page.locator(".facts")).to_contain_text("GBP")
    # The shop's second webhook about the same order changes nothing that was highlighted.
    page.wait_for_timeout(1_500)
    expect(row.locator(".was")).to_have_text(f"{before} → {before + 1}")
    _shot(page, "order")


def test_another_customer_is_another_customer(page: Page, live: Live) -> None:
    page.goto(f"/console/stores/{live.shop}/customers/{live.customers[0]}")
    seen = {live.customers[0]}
    for _ in range(4):
        expect(page.locator("#live")).to_have_text("live")
        button = page.get_by_role("button", name="Another customer")
        address = page.url
        button.click()
        page.wait_for_url(lambda url, before=address: url != before)
        seen.add(page.url.rsplit("/", 1)[1])
    assert len(seen) > 2


def test_without_a_live_stream_the_page_asks_instead(page: Page, live: Live) -> None:
    page.add_init_script(
        "delete window.EventSource; window.EventSource = class { constructor() "
        "{ setTimeout(() => this.onerror(), 0); } close() {} };"
    )
    entity = live.customers[2]
    page.goto(f"/console/stores/{live.shop}/customers/{entity}")
    expect(page.locator("#live")).to_have_text("asking every second")
    orders = page.locator('[data-feature="orders_total"] .value')
    before = int(orders.inner_text().replace(",", ""))
    page.get_by_role("button", name="Place an order").click()
    expect(orders).to_have_text(str(before + 1))
    expect(page.locator("#event-to-feature")).to_have_text(re.compile(r"^\d+\.\d ms$"))


def test_it_can_be_used_by_keyboard_alone(page: Page, live: Live) -> None:
    page.goto(f"/console/stores/{live.shop}")
    expect(page.locator("#rows tr")).to_have_count(50)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("#who").focus()
    page.keyboard.type(live.customers[3])
    page.keyboard.press("Enter")
    expect(page.locator("#entity")).to_have_text(live.customers[3])
    page.locator("#order").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#event-to-feature")).to_be_visible()
    expect(page.locator("#order")).to_be_focused()


def test_it_fits_a_telephone(page: Page, live: Live) -> None:
    page.set_viewport_size({"width": 375, "height": 740})
    paths = ("/console/", f"/console/stores/{live.shop}")
    for path in (*paths, f"/console/stores/{live.shop}/customers/{live.customers[4]}"):
        page.goto(path)
        page.wait_for_load_state("networkidle") if path in paths[1:] else page.wait_for_timeout(400)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 375, path
        _shot(page, f"telephone-{path.count('/')}")


def test_what_is_not_there_is_said_and_nothing_breaks(page: Page, live: Live) -> None:
    page.goto(f"/console/stores/{live.shop}/customers/{'0' * 32}")
    expect(page.locator("#age")).to_contain_text("nothing is known")
    expect(page.locator("#score")).to_contain_text("nothing to score")
    expect(page.locator(".feature")).to_have_count(12)
    _shot(page, "stranger")


def test_names_from_a_shop_are_text(page: Page, live: Live) -> None:
    hostile = "<img src=x onerror=document.title='owned'>"

    def lie(route: Route) -> None:
        placed = route.fetch().json()
        route.fulfill(
            json=placed | {"order": {"first item": hostile, hostile: [{"title": hostile}]}}
        )

    page.route("**/orders", lie)
    page.goto(f"/console/stores/{live.shop}/customers/{live.customers[5]}")
    expect(page.locator("#live")).to_have_text("live")
    page.get_by_role("button", name="Place an order").click()
    page.get_by_text("The order", exact=True).click()
    expect(page.locator(".facts")).to_contain_text(hostile)
    assert page.locator("main img").count() == 0
    assert "owned" not in page.title()
