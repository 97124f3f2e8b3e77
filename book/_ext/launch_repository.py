"""Sphinx extension: links to the repository, and launch buttons, that work from forks too.

The address comes from the first of these that gives one:

1. ``GITHUB_REPOSITORY`` (``owner/name``), which GitHub sets in its workflows;
2. the remote ``origin`` of the clone, if it is on github.com;
3. ``repository: url`` in ``_config.yml``.

Pages use it as ``{{ repository_link }}`` and ``{{ binder_link }}``.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

GITHUB = "https://github.com"
NAME = r"[\w.-]+/[\w.-]+?"


def repository_url(environment: Mapping[str, str], origin: str | None, configured: str) -> str:
    """Choose the address of the repository.

    Parameters
    ----------
    environment : mapping
        Environment variables.
    origin : str or None
        Address of the remote ``origin``, in any form that git takes.
    configured : str
        The address in ``_config.yml``.

    Returns
    -------
    str
        An https address without ``.git`` and without a slash at its end.
    """
    if re.fullmatch(NAME, environment.get("GITHUB_REPOSITORY", "")):
        return f"{GITHUB}/{environment['GITHUB_REPOSITORY']}"
    # https://github.com/a/b.git, https://user@github.com/a/b, git@github.com:a/b.git, ssh://git@github.com/a/b
    match = re.fullmatch(rf"(?:https://|ssh://)?(?:[^@/]+@)?github\.com[:/]({NAME})(?:\.git)?/?", origin or "")
    return f"{GITHUB}/{match[1]}" if match else configured.rstrip("/")


def binder_url(repository: str, branch: str, hub: str, path: str) -> str:
    """Address that opens a file of the repository in JupyterLab on Binder."""
    name = repository.removeprefix(f"{GITHUB}/")
    return f"{hub.rstrip('/')}/v2/gh/{name}/{branch}?urlpath=lab/tree/{path}"


def pages_url(repository: str) -> str:
    """Address of the repository's site on GitHub Pages; empty if it is not on GitHub."""
    if not repository.startswith(f"{GITHUB}/"):
        return ""
    owner, name = repository.removeprefix(f"{GITHUB}/").split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def _origin(folder: Path) -> str | None:
    """Address of the remote ``origin``; None without git, without a clone or without that remote."""
    command = ["git", "-C", str(folder), "config", "--get", "remote.origin.url"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _set_repository(app: Sphinx, config: Config) -> None:
    options = config.html_theme_options
    url = repository_url(os.environ, _origin(Path(app.srcdir)), options["repository_url"])
    options["repository_url"] = url
    config.html_baseurl = config.ogp_site_url = config.html_baseurl or pages_url(url)
    launch = binder_url(url, options["repository_branch"], options["launch_buttons"]["binderhub_url"], "book")
    config.myst_substitutions["repository_link"] = f"[{url.removeprefix('https://')}]({url})"
    config.myst_substitutions["binder_link"] = f"[Binder]({launch})"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    # Before the themes and the parser read the configuration.
    app.connect("config-inited", _set_repository, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
