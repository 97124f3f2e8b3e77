"""Running a notebook stores outputs that are clean, whole and the same every time."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from notebooks import execute, main, notebook_paths, problems

PLOT = "import matplotlib.pyplot as plt\n_, ax = plt.subplots()\nax.plot([1, 3, 2])\nplt.show()"
FIGURE = {
    "mystnb": {"image": {"alt": "A line.", "classes": "dark-light"}, "figure": {"caption": "A line.", "name": "line"}},
    "tsattn": {"export": "images/line.png"},
}
COUNT = """import time
for step in range(3):
    print(f"\\r{step + 1} of 3", end="", flush=True)
    time.sleep(0.05)
print()"""


def write(path, *cells, **metadata):
    """Store cells as a notebook."""
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)
    return path


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    """A notebook with a bit of everything, after its first run."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "data.txt").write_text("42")
    path = write(
        folder / "chapter.ipynb",
        new_markdown_cell("# Title", metadata={"editable": True}),
        new_code_cell("open('data.txt').read()", metadata={"collapsed": False, "tags": ["hide-input"]}),
        new_code_cell(PLOT, metadata=FIGURE),
        new_code_cell(COUNT),
        new_code_cell("import os\nprint(os.environ['OMP_NUM_THREADS'])"),
        widgets={"state": {}},
        kernelspec={"name": "mine", "display_name": "Mine", "language": "python"},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OMP_NUM_THREADS", raising=False)
        execute(path)
    return path


def test_result_is_sound(chapter):
    """What the tool writes passes its own checks; so it ran in the folder of the notebook, with this Python."""
    assert problems(chapter) == []


def test_second_run_changes_no_byte(chapter):
    """Neither times, nor ids, nor pictures differ, so that a diff shows what really changed."""
    picture = chapter.parent / "images" / "line.png"
    before = chapter.read_bytes(), picture.read_bytes()
    execute(chapter)
    assert (chapter.read_bytes(), picture.read_bytes()) == before
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_metadata(chapter):
    """What editors and kernels leave behind is dropped; what the book needs is kept."""
    notebook = nbformat.read(chapter, as_version=4)
    assert notebook.metadata.keys() == {"kernelspec", "language_info", "tsattn"}
    assert "version" not in notebook.metadata.language_info
    assert [dict(cell.metadata) for cell in notebook.cells] == [{}, {"tags": ["hide-input"]}, FIGURE, {}, {}]


def test_progress_collapses_and_chapters_run_on_one_thread(chapter):
    """Of a line that is written over and over, the last state is stored; results are those of Binder."""
    progress, threads = (cell.outputs[0].text for cell in nbformat.read(chapter, as_version=4).cells[-2:])
    assert (progress, threads) == ("3 of 3\n", "1\n")


def test_progress_that_has_gone_is_dropped(tmp_path):
    """The spaces that wiped it out would be an empty box on the page, and nbval would miss them: it is not to look."""
    path = write(tmp_path / "chapter.ipynb", new_code_cell('print("\\r1 of 3\\r      \\r", end="")\n1 + 1'))
    with pytest.raises(ValueError, match="cell 1: its progress bar leaves a line; tag it nbval-ignore-output"):
        execute(path)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].metadata["tags"] = ["nbval-ignore-output"]
    nbformat.write(notebook, path)
    execute(path)
    (output,) = nbformat.read(path, as_version=4).cells[0].outputs
    assert output.data == {"text/plain": "2"}


def test_layout_of_the_file(chapter):
    """As Jupyter itself writes it: indented by one, Unicode as it is, a newline at the end."""
    text = chapter.read_text(encoding="utf-8")
    assert text.startswith('{\n "cells": [\n')
    assert text.endswith("}\n")


FAILING = {
    "stop here": new_code_cell("raise RuntimeError('stop here')"),
    "expected a figure to export": new_code_cell("1 + 1", metadata={"tsattn": {"export": "a.png"}}),
    "died": new_code_cell("import os; os._exit(1)"),
}


def test_failures_leave_the_files(tmp_path, capsys):
    """A notebook that fails keeps its old outputs, the reason is printed, and the others still run."""
    failing = [write(tmp_path / f"{i}.ipynb", new_code_cell("1"), cell) for i, cell in enumerate(FAILING.values())]
    working = write(tmp_path / "working.ipynb", new_code_cell("2"))
    before = [path.read_bytes() for path in failing]
    assert main(["execute", *map(str, [*failing, working])]) == 1
    assert [path.read_bytes() for path in failing] == before and not list(tmp_path.glob(".*"))
    assert problems(working) == []
    output = capsys.readouterr().out
    assert all(message in output for message in FAILING) and f"{working}: ok" in output


def test_check_reports_and_fails(tmp_path, chapter, capsys):
    """The command line is for people: a line a problem, and an exit status for scripts."""
    assert main(["check", str(write(tmp_path / "a.ipynb", new_code_cell("1;")))]) == 1
    assert "trailing semicolon" in capsys.readouterr().out
    assert main(["check", str(chapter)]) == 0


def test_notebooks_are_found(tmp_path):
    """Sorted, in subfolders too, but no checkpoints and no builds."""
    names = ["b.ipynb", "a.ipynb", "part/c.ipynb", ".ipynb_checkpoints/a.ipynb", "_build/a.ipynb"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in notebook_paths(tmp_path)]
    assert found == ["a.ipynb", "b.ipynb", "part/c.ipynb"]
