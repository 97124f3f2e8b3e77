"""Run the notebooks of the book in place, and check what nbval does not see.

``python tools/notebooks.py execute [NOTEBOOK ...]``
    Run notebooks, store their outputs, and export the pictures that their cells ask for.
``python tools/notebooks.py check [NOTEBOOK ...]``
    List what is wrong with the stored notebooks.

Without names, both take every notebook in ``book/``. The exit status is 1 if anything went wrong.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbformat import NotebookNode

from notebook_checks import KERNEL, exports, problems, tags
from notebook_dependencies import depends_on
from tsattn_tutorial.files import written_whole

BOOK = Path(__file__).resolve().parents[1] / "book"

# Everything else that editors leave in a cell says how it was last looked at, not what it is.
KEPT_CELL_METADATA = ("mystnb", "tags", "tsattn")
# The version of Python is left out, because it would change from machine to machine.
KEPT_LANGUAGE_INFO = ("file_extension", "mimetype", "name", "pygments_lexer")


def notebook_paths(folder: Path = BOOK) -> list[Path]:
    """Every notebook below a folder, sorted by name; none from folders that start with a dot or an underscore."""
    hidden = re.compile(r"(^|/)[._]")
    return sorted(path for path in folder.rglob("*.ipynb") if not hidden.search(path.relative_to(folder).as_posix()))


def execute(path: Path) -> None:
    """Run a notebook in its own folder and store the outputs, and what they depend on, in it.

    The file is replaced whole, and only when every cell has run.

    Parameters
    ----------
    path : Path
        The notebook.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        When a cell raises. The file is then as it was before; so it is after any other error.
    ValueError
        When a cell asks for a picture and has none, or printed nothing but a progress bar and is compared.
    """
    notebook = nbformat.read(path, as_version=4)
    # When streams are coalesced, carriage returns collapse: of a progress bar, the last state is left.
    options = {"record_timing": False, "coalesce_streams": True}
    client = NotebookClient(notebook, **options, resources={"metadata": {"path": str(path.parent)}})
    client.create_kernel_manager().kernel_spec_manager = _ThisEnvironment()
    # One thread, as on Binder: with more, sums are rounded otherwise, and a training ends elsewhere.
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    # What the kernel says of itself is dropped; what cells say goes to the notebook.
    client.execute(stderr=subprocess.DEVNULL, env=environment)
    _clean(notebook)
    notebook.metadata["tsattn"] = {"depends_on": depends_on(notebook, path.parent)}
    pictures = exports(notebook, path.parent)
    with written_whole(path) as temporary:
        temporary.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    for picture, content in pictures.items():
        picture.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(picture) as temporary:
            temporary.write_bytes(content)


class _ThisEnvironment(KernelSpecManager):
    """Start kernels with this Python, whatever a user has registered under the name of the kernel."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


def _clean(notebook: NotebookNode) -> None:
    """Drop what changes from run to run or from machine to machine and says nothing to the reader."""
    language = notebook.metadata.get("language_info", {"name": "python"})
    language = {key: language[key] for key in KEPT_LANGUAGE_INFO if key in language}
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": language})
    for number, cell in enumerate(notebook.cells, start=1):
        kept = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        outputs = cell.get("outputs", [])
        shown = [output for output in outputs if output.get("text", "x").strip()]
        if len(shown) < len(outputs):  # a progress bar that has gone leaves a line of spaces
            cell.outputs = shown
            if "nbval-ignore-output" not in tags(cell):
                raise ValueError(f"cell {number}: its progress bar leaves a line; tag it nbval-ignore-output")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Run the notebooks of the book, or check them.")
    parser.add_argument("command", choices=["execute", "check"])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every notebook in book/")
    options = parser.parse_args(arguments)
    failed = 0
    for path in options.notebooks or notebook_paths():
        print(f"{path}: ", end="", flush=True)
        found = _try_to_execute(path) if options.command == "execute" else problems(path)
        print("failed" if found else "ok", *found, sep="\n  ", flush=True)
        failed += bool(found)
    return 1 if failed else 0


def _try_to_execute(path: Path) -> list[str]:
    """Run one notebook; a failure is reported and does not keep the others from running."""
    try:
        execute(path)
    except Exception as error:
        return [*str(error).strip().splitlines(), f"{path.name} was left as it was"]
    return []


if __name__ == "__main__":
    sys.exit(main())
