"""Takes the pictures of the README from a running demo: python docs/screenshot.py [URL]."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

STORE = "harbour-gifts.myshopify.com"
FOLDER = Path(__file__).parent / "images"


def main(address: str) -> None:
    """Open a customer, place an order, and keep the page as it then stands."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport={"width": 1180, "height": 820})
        page.goto(f"{address}/console/stores/{STORE}")
        page.locator("a[href*='/customers/']").first.click()
        page.get_by_role("button", name="Place an order").click()
        page.get_by_text("on this page, counted from your click").wait_for()
        page.screenshot(path=FOLDER / "customer.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8400")
