"""What is wrong with a stored notebook and would pass, or wrongly fail, under nbval.

Each check is a generator of problems. `problems` runs them all on one notebook.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from notebook_dependencies import SOURCE, parse_cell, stale
from notebook_outputs import displays, exports, texts

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
MOST_CELLS = 45
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
    found = [
        *_structure(notebook),
        *_counts(notebook),
        *_figure_names(notebook),
        *_up_to_date(notebook, path.parent, source),
        *_exported(notebook, path.parent),
    ]
    for number, cell in enumerate(notebook.cells, start=1):
        checks = CODE_CHECKS if cell.cell_type == "code" else TEXT_CHECKS
        found += [f"cell {number}: {problem}" for check in checks for problem in check(cell)]
    return found


def _structure(notebook: NotebookNode) -> Iterator[str]:
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        yield f"not a valid notebook: {error.message}"
    if len(notebook.cells) > MOST_CELLS:
        yield f"{len(notebook.cells)} cells, expected at most {MOST_CELLS}"
    if notebook.metadata.get("kernelspec") != KERNEL:
        yield f"kernel {notebook.metadata.get('kernelspec')}, expected {KERNEL}"
    if "widgets" in notebook.metadata:
        yield "stored widget state: widgets load scripts from the network"


def _counts(notebook: NotebookNode) -> Iterator[str]:
    """Counts 1, 2, 3, ... show that the outputs come from one run from top to bottom."""
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    if None not in counts and counts != list(range(1, len(counts) + 1)):
        yield f"execution counts {counts}: not run in order from a fresh kernel"


def _figure_names(notebook: NotebookNode) -> Iterator[str]:
    names = [_myst(cell, "figure").get("name") for cell in notebook.cells]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        yield f"two figures named {name}"


def _up_to_date(notebook: NotebookNode, folder: Path, source: Path) -> Iterator[str]:
    changed = stale(notebook, folder, source)
    if changed:
        yield f"outputs out of date, run `make execute`; changed: {', '.join(changed)}"


def _exported(notebook: NotebookNode, folder: Path) -> Iterator[str]:
    try:
        pictures = exports(notebook, folder)
    except ValueError as error:
        yield str(error)
        return
    for path, content in pictures.items():
        if not path.is_file():
            yield f"exported picture {path.name} missing, run `make execute`"
        elif path.read_bytes() != content:
            yield f"exported picture {path.name} differs from the stored output, run `make execute`"


def _not_run(cell: NotebookNode) -> Iterator[str]:
    if not cell.source.strip():
        yield "empty code cell"
    elif cell.execution_count is None:
        yield "no execution count: nbval compares nothing"


def _too_long(cell: NotebookNode) -> Iterator[str]:
    lines = len(cell.source.splitlines())
    if lines > MOST_LINES:
        yield f"{lines} lines of code, expected at most {MOST_LINES}"


def _trailing_semicolon(cell: NotebookNode) -> Iterator[str]:
    try:
        tokens = [
            token.string
            for token in tokenize.generate_tokens(io.StringIO(cell.source).readline)
            if token.type != tokenize.COMMENT and token.string.strip()
        ]
    except (tokenize.TokenError, SyntaxError):  # a magic, or a syntax error shown on purpose
        tokens = cell.source.strip()[-1:]
    if tokens and tokens[-1] == ";":
        yield "trailing semicolon: it hides the output from IPython, not from nbval"


def _display_updates(cell: NotebookNode) -> Iterator[str]:
    tree = parse_cell(cell.source)
    for node in [] if tree is None else ast.walk(tree):
        names = {getattr(node, field, None) for field in ("id", "attr", "arg")}
        yield from (f"{name}: nbval fails on outputs that replace each other" for name in names & REPLACING)


def _ignored_statement(cell: NotebookNode) -> Iterator[str]:
    tree = parse_cell(cell.source)
    if tree is None or "nbval-ignore-output" not in _tags(cell):
        return
    if any(isinstance(node, ast.Call) and getattr(node.func, "id", None) == "check" for node in ast.walk(tree)):
        yield "check() where the output is ignored: in a cell of its own, its line is compared"


def _streams_and_errors(cell: NotebookNode) -> Iterator[str]:
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            yield f"stored stderr: {output.text.strip().partition(chr(10))[0][:80]}"
        if output.output_type == "error" and "raises-exception" not in _tags(cell):
            yield f"stored error without the tag raises-exception: {output.ename}"


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
    yield from (f"unknown tag {tag}" for tag in _tags(cell) if tag not in KNOWN_TAGS)


TEXT_CHECKS = (_absolute_paths, _unknown_tags)
CODE_CHECKS = (
    *TEXT_CHECKS,
    *(_not_run, _too_long, _trailing_semicolon, _display_updates, _ignored_statement),
    *(_streams_and_errors, _wide_lines, _network, _addresses, _figures),
)


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _myst(cell: NotebookNode, section: str) -> dict:
    return cell.metadata.get("mystnb", {}).get(section, {})
