"""What is wrong with a stored notebook and would pass, or wrongly fail, under nbval.

Each check is a generator of problems. `problems` runs them all on one notebook.
"""

import ast
import base64
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from IPython.core.displayhook import DisplayHook
from nbformat import NotebookNode

from notebook_dependencies import SOURCE, parse_cell, stale

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
MOST_LINES = 25
# What fits beside the margin of a page on a screen; more is cut, often just where the number stands.
WIDEST_LINE = 79
KNOWN_TAGS = {
    *("hide-cell", "hide-input", "hide-output", "remove-cell", "remove-input", "remove-output"),
    *("full-width", "margin", "scroll-output"),
    *("nbval-ignore-output", "raises-exception"),
}
REPLACING = {"clear_output", "display_id", "update_display"}

OBJECT_ADDRESS = re.compile(r".{0,40}\bat 0x[0-9a-fA-F]{4,}")
ABSOLUTE_PATH = re.compile(
    r"(?<![\w.~:/-])/(?:content|home|mnt|opt|private|root|srv|tmp|usr|var|work|Users|Volumes)/[\w.+-]*"
    r"|\b[A-Z]:\\+Users\b"
)
REMOTE_CONTENT = re.compile(r"<script\b|<iframe\b|<link\b|\bsrc\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE)


def problems(path: Path, source: Path = SOURCE) -> list[str]:
    """List what is wrong with a stored notebook.

    Parameters
    ----------
    path : Path
        The notebook.
    source : Path
        The folder that holds the packages.

    Returns
    -------
    list of str
        One line a problem; empty when all is well.
    """
    notebook = nbformat.read(path, as_version=4)
    found = [*_as_a_whole(notebook, path.parent, source)]
    for number, cell in enumerate(notebook.cells, start=1):
        checks = CODE_CHECKS if cell.cell_type == "code" else TEXT_CHECKS
        found += [f"cell {number}: {problem}" for check in checks for problem in check(cell)]
    return found


def _as_a_whole(notebook: NotebookNode, folder: Path, source: Path) -> Iterator[str]:
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        yield f"not a valid notebook: {error.message}"
    if notebook.metadata.get("kernelspec") != KERNEL:
        yield f"kernel {notebook.metadata.get('kernelspec')}, expected {KERNEL}"
    # Counts 1, 2, 3, ... show that the outputs come from one run; nbval compares nothing where there is none.
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts {counts}: not run, cell by cell, from a fresh kernel"
    if changed := stale(notebook, folder, source):
        yield f"outputs out of date, run `make execute`; changed: {', '.join(changed)}"
    try:
        pictures = exports(notebook, folder)
    except ValueError as error:
        yield str(error)
        return
    for path, content in pictures.items():
        if not path.is_file() or path.read_bytes() != content:
            yield f"exported picture {path.name} is not the stored output, run `make execute`"


def _too_long(cell: NotebookNode) -> Iterator[str]:
    if (lines := len(cell.source.splitlines())) > MOST_LINES:
        yield f"{lines} lines of code, expected at most {MOST_LINES}"


def _trailing_semicolon(cell: NotebookNode) -> Iterator[str]:
    if parse_cell(cell.source) is not None and DisplayHook.semicolon_at_end_of_expression(cell.source):
        yield "trailing semicolon: it hides the output from IPython, not from nbval"


def _display_updates(cell: NotebookNode) -> Iterator[str]:
    tree = parse_cell(cell.source)
    for node in [] if tree is None else ast.walk(tree):
        names = {getattr(node, field, None) for field in ("id", "attr", "arg")}
        yield from (f"{name}: nbval fails on outputs that replace each other" for name in names & REPLACING)


def _ignored_statement(cell: NotebookNode) -> Iterator[str]:
    tree = parse_cell(cell.source)
    if tree is None or "nbval-ignore-output" not in tags(cell):
        return
    if any(isinstance(node, ast.Call) and getattr(node.func, "id", None) == "check" for node in ast.walk(tree)):
        yield "check() where the output is ignored: in a cell of its own, its line is compared"


def _stderr(cell: NotebookNode) -> Iterator[str]:
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            yield f"stored stderr: {output.text.strip().partition(chr(10))[0][:80]}"


def _wide_lines(cell: NotebookNode) -> Iterator[str]:
    for output in cell.outputs:
        for line in output.text.splitlines() if output.output_type == "stream" else ():
            if len(line) > WIDEST_LINE:
                yield f"printed line of {len(line)} characters, expected at most {WIDEST_LINE}: {line[:40]}..."


def _network(cell: NotebookNode) -> Iterator[str]:
    for data in displays(cell):
        if any("widget" in kind for kind in data):
            yield "widget output: it loads scripts from the network"
        if "application/javascript" in data or REMOTE_CONTENT.search(data.get("text/html", "")):
            yield "output with scripts or content from the network"


def _addresses(cell: NotebookNode) -> Iterator[str]:
    for match in filter(None, map(OBJECT_ADDRESS.search, texts(cell))):
        yield f"object address, another on every run: {match.group()}"


def _absolute_paths(cell: NotebookNode) -> Iterator[str]:
    for match in filter(None, map(ABSOLUTE_PATH.search, [cell.source, *texts(cell)])):
        yield f"absolute path: {match.group()}"


def _figures(cell: NotebookNode) -> Iterator[str]:
    figures = sum(any(kind.startswith("image/") for kind in data) for data in displays(cell))
    if not figures:
        return
    if figures > 1:
        yield f"{figures} figures, expected one a cell: each needs its own caption and name"
    for section, key in (("image", "alt"), ("figure", "caption"), ("figure", "name")):
        if not str(_myst(cell, section).get(key, "")).strip():
            yield f"figure without mystnb.{section}.{key}"
    if "dark-light" not in str(_myst(cell, "image").get("classes", "")).split():
        yield "figure without dark-light in mystnb.image.classes: the dark theme puts it on a grey plate"


def _unknown_tags(cell: NotebookNode) -> Iterator[str]:
    yield from (f"unknown tag {tag}" for tag in tags(cell) if tag not in KNOWN_TAGS)


TEXT_CHECKS = (_absolute_paths, _unknown_tags)
CODE_CHECKS = (*TEXT_CHECKS, _too_long, _trailing_semicolon, _display_updates, _ignored_statement)
CODE_CHECKS += (_stderr, _wide_lines, _network, _addresses, _figures)


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return cell.metadata.get("tags", [])


def _myst(cell: NotebookNode, section: str) -> dict:
    return cell.metadata.get("mystnb", {}).get(section, {})


def displays(cell: NotebookNode) -> list[dict]:
    """The MIME bundles among the outputs of a cell."""
    return [output.data for output in cell.get("outputs", []) if "data" in output]


def texts(cell: NotebookNode) -> Iterator[str]:
    """Every text that the outputs of a cell show."""
    for output in cell.get("outputs", []):
        yield output.get("text", "")
        yield "\n".join(output.get("traceback", []))
    for data in displays(cell):
        yield from (content for kind, content in data.items() if kind.startswith("text/") and isinstance(content, str))


def exports(notebook: NotebookNode, folder: Path) -> dict[Path, bytes]:
    """Picture files that cells ask for in their metadata, ``{"tsattn": {"export": "images/NAME.png"}}``.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook, with its outputs.
    folder : Path
        The folder it stands in; the names are relative to it.

    Returns
    -------
    dict
        File -> content: the first PNG among the outputs of the cell.

    Raises
    ------
    ValueError
        When a cell has no such output.
    """
    found = {}
    for number, cell in enumerate(notebook.cells, start=1):
        name = cell.metadata.get("tsattn", {}).get("export")
        if name is None:
            continue
        figures = [data["image/png"] for data in displays(cell) if "image/png" in data]
        if not figures:
            raise ValueError(f"cell {number}: expected a figure to export to {name}, got none")
        found[folder / name] = base64.b64decode(figures[0])
    return found
