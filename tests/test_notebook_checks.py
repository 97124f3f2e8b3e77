"""The checks on notebooks find every pitfall that they are there for, and nothing in a sound notebook."""

import base64
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from notebook_checks import KERNEL, problems
from notebook_dependencies import depends_on

PNG = base64.b64encode(b"\x89PNG not a real picture").decode()
FIGURE = {"mystnb": {"image": {"alt": "A.", "classes": "dark-light"}, "figure": {"caption": "A.", "name": "a"}}}
EXPORTED = {"tsattn": {"export": "a.png"}, **FIGURE}
IGNORED = {"tags": ["nbval-ignore-output"]}


def without(section: str, key: str) -> dict:
    """The metadata of a figure, less one entry."""
    mystnb = {name: {k: v for k, v in part.items() if k != key} for name, part in FIGURE["mystnb"].items()}
    assert mystnb[section] != FIGURE["mystnb"][section]
    return {"mystnb": mystnb}


def cell(source: str = "1 + 1", *outputs: dict, count: int | None = 1, **metadata) -> dict:
    """A code cell that has run first in its notebook."""
    return new_code_cell(source, outputs=list(outputs), execution_count=count, metadata=metadata)


def stream(text: str, name: str = "stdout") -> dict:
    """What a cell printed."""
    return new_output("stream", name=name, text=text)


def display(**data: str) -> dict:
    """What a cell displayed; the keyword text_html stands for text/html."""
    kinds = {"application_widget": "application/vnd.jupyter.widget-view+json"}
    return new_output("display_data", {kinds.get(kind, kind.replace("_", "/", 1)): data[kind] for kind in data})


def error() -> dict:
    """What a cell raised."""
    return new_output("error", ename="ValueError", evalue="no", traceback=["ValueError: no"])


figure = display(image_png=PNG, text_plain="<Figure size 700x300 with 1 Axes>")

SOUND = {
    "a figure": [cell("plt.show()", figure, **FIGURE)],
    "a semicolon inside": [cell("a = 1; b = 2")],
    "a semicolon in a string": [cell("print('a;')", stream("a;\n"))],
    "a semicolon in a comment": [cell("1 + 1  # one;")],
    "an address of the web": [new_markdown_cell("[x](https://example.org/home/page) and ../config/a.json")],
    "an announced error": [cell("raise ValueError('no')", error(), tags=["raises-exception"])],
    "as long as allowed": [cell("\n".join(["x = 1"] * 25))],
    "as wide as allowed": [cell("f()", stream("x" * 79 + "\n" + "y" * 79))],
    "a method named update": [cell("settings.update(a=1)")],
}

PITFALLS = {
    "not run": ([cell(count=None)], "execution counts [None]"),
    "run out of order": ([cell(count=2), cell("2 + 2", count=1)], "execution counts [2, 1]"),
    "run twice": ([cell(count=7)], "execution counts [7]"),
    "trailing semicolon, then a comment": ([cell("plot(c='#888');  # grey\n# done")], "cell 1: trailing semicolon"),
    "trailing semicolon after a magic": ([cell("%time f(x);")], "cell 1: trailing semicolon"),
    "stderr": ([cell("f()", stream("UserWarning: look\n", "stderr"))], "cell 1: stored stderr: UserWarning: look"),
    "widget": ([cell("bar", display(application_widget="{}"))], "cell 1: widget output"),
    "script": ([cell("x", display(text_html="<script>alert(1)</script>"))], "cell 1: output with scripts"),
    "remote picture": ([cell("x", display(text_html="<img src='//a.b/c.png'>"))], "content from the network"),
    "address in a value": ([cell("f", display(text_plain="<A object at 0xDEADBEEF>"))], "cell 1: object address"),
    "address in an ignored output": ([cell("f", stream("<A at 0x7f1c2a3b>"), **IGNORED)], "cell 1: object address"),
    "clear_output": ([cell("display.clear_output(wait=True)")], "cell 1: clear_output"),
    "display with an id": ([cell("h = display(x, display_id=True)")], "cell 1: display_id"),
    "display update": ([cell("update_display(x)")], "cell 1: update_display"),
    "no alt text": ([cell("p()", figure, **without("image", "alt"))], "cell 1: figure without mystnb.image.alt"),
    "no class": ([cell("p()", figure, **without("image", "classes"))], "cell 1: figure without dark-light"),
    "no caption": ([cell("p()", figure, **without("figure", "caption"))], "figure without mystnb.figure.caption"),
    "no name": ([cell("p()", figure, **without("figure", "name"))], "cell 1: figure without mystnb.figure.name"),
    "two figures in a cell": ([cell("p()", figure, figure, **FIGURE)], "cell 1: 2 figures, expected one a cell"),
    "absolute path in text": ([new_markdown_cell("See `/Users/me/x`.")], "cell 1: absolute path: /Users/me"),
    "absolute path in an output": ([cell("f()", stream("wrote /tmp/x.csv"))], "cell 1: absolute path: /tmp/x.csv"),
    "absolute path on Windows": ([cell("f()", stream("C:\\Users\\me"))], "cell 1: absolute path: C:\\Users"),
    "misspelt tag": ([cell("f()", tags=["nbval-ignore-outputs"])], "cell 1: unknown tag nbval-ignore-outputs"),
    "statement ignored": ([cell('check("yes", True)', **IGNORED)], "cell 1: check() where the output is ignored"),
    "long cell": ([cell("\n".join(["x = 1"] * 26))], "cell 1: 26 lines of code, expected at most 25"),
    "wide output": ([cell("f()", stream("a\n" + "x" * 80))], "1: printed line of 80 characters, expected at most 79"),
    "missing export": ([cell("p()", figure, **EXPORTED)], "exported picture a.png is not the stored output"),
}


@pytest.fixture
def write(tmp_path):
    """A function that stores cells as a notebook, up to date unless told otherwise."""

    def write(cells: list, **metadata) -> Path:
        notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
        notebook.metadata["tsattn"] = {"depends_on": depends_on(notebook, tmp_path, tmp_path)}
        notebook.metadata.update(metadata)
        path = tmp_path / "chapter.ipynb"
        nbformat.write(notebook, path)
        return path

    return write


@pytest.mark.parametrize("cells", SOUND.values(), ids=SOUND)
def test_sound_notebooks_pass(cells, write, tmp_path):
    """A check that cries wolf would be switched off."""
    assert problems(write(cells), tmp_path) == []


@pytest.mark.parametrize(("cells", "expected"), PITFALLS.values(), ids=PITFALLS)
def test_pitfalls_are_found(cells, expected, write, tmp_path):
    """Each pitfall gives a message that names the cell and what to do."""
    found = problems(write(cells), tmp_path)
    assert any(expected in problem for problem in found), found


def test_other_kernel(write, tmp_path):
    """A kernel of the author's own would not be found elsewhere."""
    found = problems(write([], kernelspec={"display_name": "mine", "language": "python", "name": "mine"}), tmp_path)
    assert any("kernel {" in problem for problem in found)


def test_stale_outputs(write, tmp_path):
    """Outputs that are older than what they were computed from are reported, by name."""
    path = write([cell("open('data.csv')")])
    assert problems(path, tmp_path) == []
    (tmp_path / "data.csv").write_text("1\n")
    (found,) = problems(path, tmp_path)
    assert "outputs out of date" in found and "data.csv" in found


def test_exported_picture_differs(write, tmp_path):
    """A picture that was changed by hand, or left behind, is reported."""
    path = write([cell("p()", figure, **EXPORTED)])
    (tmp_path / "a.png").write_bytes(b"something else")
    assert any("exported picture a.png is not" in problem for problem in problems(path, tmp_path))
    (tmp_path / "a.png").write_bytes(base64.b64decode(PNG))
    assert problems(path, tmp_path) == []
