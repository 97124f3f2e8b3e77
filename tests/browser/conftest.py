"""Pages that are opened for one test."""

from contextlib import contextmanager

import pytest


@pytest.fixture
def opened(browser):
    """A function that opens a page: an address, options of the browser's context -> a context manager of the page.

    A message of an error or a failed request fails the test. ``preloads`` is for pages that preload scripts: where
    scripts are switched off, these are refused.
    """

    @contextmanager
    def open_page(address: str, *, preloads: bool = False, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        troubles = []

        def failed(request):
            if not (preloads and request.failure == "csp"):
                troubles.append(f"failed: {request.url} ({request.failure})")

        context.on("requestfailed", failed)
        context.on("console", lambda message: message.type == "error" and troubles.append(f"console: {message.text}"))
        context.on("weberror", lambda error: troubles.append(f"uncaught: {error.error}"))
        page = context.new_page()
        page.goto(address, wait_until="load")
        yield page
        context.close()
        assert not troubles, "\n".join(troubles)

    return open_page
