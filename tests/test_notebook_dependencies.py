"""Stored outputs are out of date exactly when something changed that could change them."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from notebook_dependencies import depends_on, stale

PACKAGE = {
    "__init__.py": '"""Top."""\n__version__ = "1.0"\n',
    "a.py": "from tsattn_tutorial import b\n",
    "b.py": "def f():\n    from tsattn_tutorial.sub.c import g\n    return g()\n",
    "sub/__init__.py": "",
    "sub/c.py": 'from ..d import VALUE\n\n\ndef g():\n    """Say what."""\n    return VALUE\n',
    "sub/unused.py": "",
    "d.py": "VALUE = 1  # one\n",
    "lazy.py": 'import importlib\n\n\ndef load():\n    return importlib.import_module("tsattn_tutorial.e")\n',
    "e.py": "",
}


@pytest.fixture
def source(tmp_path) -> Path:
    """A folder with a small package in place of ours."""
    for name, content in PACKAGE.items():
        path = tmp_path / "src" / "tsattn_tutorial" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    lab = tmp_path / "src" / "tsattn_lab"
    lab.mkdir()
    (lab / "__init__.py").touch()
    (lab / "run.py").write_text("from tsattn_tutorial.d import VALUE\n")
    return tmp_path / "src"


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder of a notebook, with files that it may name."""
    book = tmp_path / "book"
    (book / "data").mkdir(parents=True)
    (book / "data" / "x.csv").write_text("1\n")
    (book / "data" / "y.csv").write_text("2\n")
    (book / "matplotlibrc").write_text("font.size: 10\n")
    return book


def notebook(*cells: str):
    """A notebook of code cells."""
    return new_notebook(cells=[new_code_cell(cell) for cell in cells])


def modules(book, folder, source) -> set[str]:
    """The modules that a notebook depends on, without the name of the package."""
    names = depends_on(book, folder, source)
    return {name.removeprefix("tsattn_tutorial").lstrip(".") for name in names if name.startswith("tsattn_tutorial")}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import numpy", set()),
        ("import tsattn_tutorial.d", {"", "d"}),
        ("from tsattn_tutorial import d", {"", "d"}),
        ("from tsattn_tutorial.sub.c import g", {"", "sub", "sub.c", "d"}),
        ("from tsattn_tutorial.a import b", {"", "a", "b", "sub", "sub.c", "d"}),
        ("def f():\n    from tsattn_tutorial import d", {"", "d"}),
        ("import tsattn_tutorial.lazy", {"", "lazy", "e"}),
        ("%time import tsattn_tutorial.d", set()),  # a magic gets its line as text
        ("%matplotlib inline\nimport tsattn_tutorial.d", {"", "d"}),
        ("await f()\nimport tsattn_tutorial.d", {"", "d"}),
        ("this is no Python", set()),
    ],
)
def test_imports_are_followed(cell, expected, folder, source):
    """Directly, through each other, in functions, relative, and by name."""
    assert modules(notebook(cell), folder, source) == expected


def test_both_packages_are_followed(folder, source):
    """What a chapter takes from the lab leads on to what the lab takes from the small package."""
    parts = depends_on(notebook("from tsattn_lab.run import run"), folder, source).keys()
    assert {"tsattn_lab", "tsattn_lab.run", "tsattn_tutorial", "tsattn_tutorial.d"} <= parts
    assert "tsattn_tutorial.a" not in parts


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("read('data/x.csv')", {"data/x.csv"}),
        ("read(path='data/x.csv', other=['data/y.csv'])", {"data/x.csv", "data/y.csv"}),
        ("read('data/none.csv')", set()),
        ("'../src/tsattn_tutorial/d.py'", {"../src/tsattn_tutorial/d.py"}),
        ("# data/x.csv", set()),
    ],
)
def test_named_files_are_found(cell, expected, folder, source):
    """A string that is the path of a file counts, whatever is done with it."""
    assert depends_on(notebook(cell), folder, source).keys() == expected | {"code cells", "matplotlibrc"}


def run_notebook(folder, source):
    """A notebook that was just run."""
    book = notebook("from tsattn_tutorial.a import b", "read('data/x.csv')  # the data", "f'{x:.2f}', (1,\n 2)")
    book.metadata["tsattn"] = {"depends_on": depends_on(book, folder, source)}
    return book


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("src/tsattn_tutorial/d.py", "VALUE = 2\n", ["tsattn_tutorial.d"]),
        ("src/tsattn_tutorial/sub/c.py", "def g():\n    return 1\n", ["tsattn_tutorial.d", "tsattn_tutorial.sub.c"]),
        ("book/data/x.csv", "3\n", ["data/x.csv"]),
        ("book/matplotlibrc", "font.size: 11\n", ["matplotlibrc"]),
        ("src/tsattn_tutorial/d.py", "# another comment\n\nVALUE  =  1\n", []),
        ("src/tsattn_tutorial/sub/c.py", PACKAGE["sub/c.py"].replace("Say what.", "Say something else."), []),
        ("src/tsattn_tutorial/__init__.py", '"""Another text."""\n__version__ = "2.0"\n', []),
        ("src/tsattn_tutorial/sub/unused.py", "VALUE = 3\n", []),
        ("book/data/y.csv", "4\n", []),
    ],
)
def test_changes_are_noticed(file, content, expected, folder, source, tmp_path):
    """What changed is named; not comments, layout, docstrings, a new version, what the notebook does not use."""
    book = run_notebook(folder, source)
    (tmp_path / file).write_text(content)
    assert stale(book, folder, source) == expected


def test_cells(folder, source):
    """Code counts; its layout, its comments and the text around it do not."""
    book = run_notebook(folder, source)
    book.cells[1].source = 'read(\n    "data/x.csv"\n)'
    book.cells.insert(0, new_markdown_cell("# More to say"))
    assert stale(book, folder, source) == []
    book.cells[-1].source = "f'{x:.3f}', (1, 2)"
    assert stale(book, folder, source) == ["code cells"]


def test_a_notebook_that_was_never_run_is_stale(folder, source):
    """No digest is as bad as a wrong one."""
    assert "code cells" in stale(notebook("1 + 1"), folder, source)
