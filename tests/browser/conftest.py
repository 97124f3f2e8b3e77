"""Pages that are opened for one test."""

from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest


@pytest.fixture(scope="session")
def opened(site, browser):
    """A function that opens a page: an address, options of the browser's context -> a context manager of the page.

    A message of an error, a failed request, and one that leaves the site fail the test. ``preloads`` is for pages that
    preload scripts: where scripts are switched off, these are refused. ``asked`` takes the files that the page loads.

    To open a window costs as much as to show a page. So windows of the same options are used again, one test after the
    other; what a page stored is cleared, and nothing is cached.
    """
    free = defaultdict(list)

    def new_window(options):
        context = browser.new_context(**options)
        # Nothing leaves the machine even when a page asks for it. Where requests are looked at, nothing is cached.
        context.route(lambda url: urlsplit(url).scheme in {"http", "https"}, lambda route: route.abort())
        return context.new_page()

    @contextmanager
    def open_page(address: str, *, preloads: bool = False, asked: set[Path] | None = None, **options):
        options = {"viewport": {"width": 1280, "height": 900}, "java_script_enabled": True} | options
        windows = free[repr(sorted(options.items()))]
        page, troubles = windows.pop() if windows else new_window(options), []

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

        watched = {"request": requested, "requestfailed": failed}
        watched["console"] = lambda one: one.type == "error" and troubles.append(f"console: {one.text}")
        watched["weberror"] = lambda one: troubles.append(f"uncaught: {one.error}")
        for event, look in watched.items():
            page.context.on(event, look)
        page.set_viewport_size(options["viewport"])
        page.goto(address, wait_until="load")
        if options["java_script_enabled"]:
            page.wait_for_selector("html.whole")  # see book/_static/whole.js
        yield page
        for event, look in watched.items():
            page.context.remove_listener(event, look)
        if options["java_script_enabled"]:
            page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        page.goto("about:blank")
        windows.append(page)  # not where a test has failed
        assert not troubles, "\n".join(troubles)

    return open_page
