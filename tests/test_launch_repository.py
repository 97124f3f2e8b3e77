"""Links to the repository lead to the clone that the site was built from."""

import subprocess

import pytest

import launch_repository
from launch_repository import binder_url, pages_url, repository_url

CONFIGURED = "https://github.com/home/book"


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://github.com/fork/book/", "https://github.com/fork/book"),
        ("https://someone@github.com/fork/book.git", "https://github.com/fork/book"),
        ("git@github.com:fork/book.git", "https://github.com/fork/book"),
        ("ssh://git@github.com/fork/my.book.git", "https://github.com/fork/my.book"),
        ("https://gitlab.com/fork/book.git", CONFIGURED),
        ("https://notgithub.com/fork/book.git", CONFIGURED),
        (None, CONFIGURED),
    ],
)
def test_origin_comes_before_the_configuration(origin, expected):
    """Where the remote is on GitHub, in any of the forms that git takes; else the configured address."""
    assert repository_url({}, origin, CONFIGURED) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("fork/book", "https://github.com/fork/book"), ("a/b/c", CONFIGURED), ("a b/c", CONFIGURED), ("", CONFIGURED)],
)
def test_workflow_comes_first(name, expected):
    """In a workflow, GitHub itself says which repository this is; anything else decides nothing."""
    assert repository_url({"GITHUB_REPOSITORY": name}, CONFIGURED, CONFIGURED + "/") == expected


def test_addresses():
    """JupyterLab on Binder, opened at a file of the branch; the site on GitHub Pages."""
    url = binder_url("https://github.com/fork/book", "main", "https://hub.org/", "book/a.ipynb")
    assert url == "https://hub.org/v2/gh/fork/book/main?urlpath=lab/tree/book/a.ipynb"
    assert pages_url("https://github.com/Fork/Book") == "https://fork.github.io/Book/"
    assert pages_url("https://github.com/fork/fork.github.io") == "https://fork.github.io/"
    assert pages_url("https://example.org/fork/book") == ""


def test_origin_of_a_clone(tmp_path):
    """Read from the clone; nothing where there is no remote, or no clone."""
    assert launch_repository._origin(tmp_path / "nowhere") is None
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    assert launch_repository._origin(tmp_path) is None
    subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", "git@github.com:fork/book.git"], check=True)
    assert launch_repository._origin(tmp_path) == "git@github.com:fork/book.git"
