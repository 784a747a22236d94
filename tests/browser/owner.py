"""An owner's browser, signed in by the link that `make owner` prints."""

import subprocess
import sys
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Site


def sign_in_link(site: Site) -> str:
    """Return what `make owner` prints."""
    ran = subprocess.run(
        [sys.executable, "-m", "services.owner", "link", "--local", "--name", "Anna"],
        env=site.product.environ, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return ran.stdout.strip()


def signed_in(site: Site, open_page: Open, **options: Any) -> Page:
    """Return a page of a browser that an owner signed in with."""
    page = open_page(sign_in_link(site), **options)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Owner", exact=True)).to_be_visible()
    return page


def make_album(owner: Page, site: Site, slug: str, title: str) -> None:
    """Make an album for people with a link."""
    fields: dict[str, Any] = {"title": title, "slug": slug, "see": "link", "upload": "link"}
    assert owner.request.post(f"{site.url}/owner/albums", form=fields).ok
