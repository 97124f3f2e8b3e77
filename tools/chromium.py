"""Drive the Chromium of the system: for tests of the site, and for what is measured in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

#: Programs that will do, the first one found.
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Inside a container there is no sandbox to be had, and little shared memory.
OPTIONS = ("--no-sandbox", "--disable-dev-shm-usage")


def find() -> str | None:
    """Return the path of the program, or None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """Start it without a window; close it in the end.

    Raises
    ------
    FileNotFoundError
        When there is none.
    """
    program = find()
    if program is None:
        raise FileNotFoundError(f"no Chromium found: none of {', '.join(NAMES)} is on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        yield browser
        browser.close()
