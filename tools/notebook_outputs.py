"""The outputs of a notebook: what they show, and the pictures that are exported from them."""

import base64
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode


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
        When a cell has no such output, or its name is not that of a PNG file below the folder.
    """
    found = {}
    for number, cell in enumerate(notebook.cells, start=1):
        name = cell.metadata.get("tsattn", {}).get("export")
        if name is None:
            continue
        path = folder / name
        if path.suffix != ".png" or not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"cell {number}: export must be a .png file below the notebook, got {name}")
        figures = [data["image/png"] for data in displays(cell) if "image/png" in data]
        if not figures:
            raise ValueError(f"cell {number}: expected a figure to export to {name}, got none")
        found[path] = base64.b64decode(figures[0])
    return found
