"""Pages that are opened for one test."""

from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest


@pytest.fixture(scope="session")
def opened(site, browser):
    """A function that opens a page: an address, options of the browser's context -> a context manager of the page.

    A message of an error, a failed request, and one that leaves the site fail the test. ``preloads`` is for pages that
    preload scripts: where scripts are switched off, these are refused. ``asked`` takes the files that the page loads.
    """

    @contextmanager
    def open_page(address: str, *, preloads: bool = False, asked: set[Path] | None = None, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        troubles = []

        def requested(request):
            url = urlsplit(request.url)
            path = Path(unquote(url.path))
            if url.scheme not in {"file", "data", "blob"} or (url.scheme == "file" and not path.is_relative_to(site)):
                troubles.append(f"outside: {request.url}")
            if asked is not None:
                asked.add(path)

        def failed(request):
            if not (preloads and request.failure == "csp"):
                troubles.append(f"failed: {request.url} ({request.failure})")

        # Nothing leaves the machine even when a page asks for it.
        context.route(lambda url: urlsplit(url).scheme in {"http", "https"}, lambda route: route.abort())
        context.on("request", requested)
        context.on("requestfailed", failed)
        context.on("console", lambda message: message.type == "error" and troubles.append(f"console: {message.text}"))
        context.on("weberror", lambda error: troubles.append(f"uncaught: {error.error}"))
        page = context.new_page()
        page.goto(address, wait_until="load")
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html.whole")  # see book/_static/whole.js
        yield page
        context.close()
        assert not troubles, "\n".join(troubles)

    return open_page
