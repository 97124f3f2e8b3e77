"""Run the notebooks of the book in place, and check what nbval does not see.

``python tools/notebooks.py execute [NOTEBOOK ...]``
    Run notebooks, store their outputs, and export the pictures that their cells ask for.
``python tools/notebooks.py check [NOTEBOOK ...]``
    List what is wrong with the stored notebooks.

Without names, both take every notebook in ``book/``. The exit status is 1 if anything went wrong.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from notebook_checks import KERNEL, problems
from notebook_dependencies import SOURCE, depends_on
from notebook_outputs import exports
from tsattn_tutorial.files import written_whole

BOOK = Path(__file__).resolve().parents[1] / "book"

# Everything else that editors leave in a cell says how it was last looked at, not what it is.
KEPT_CELL_METADATA = ("mystnb", "tags", "tsattn")
# The version of Python is left out, because it would change from machine to machine.
KEPT_LANGUAGE_INFO = ("file_extension", "mimetype", "name", "pygments_lexer")


def notebook_paths(folder: Path = BOOK) -> list[Path]:
    """Every notebook below a folder, sorted by name; none from folders that start with a dot or an underscore."""
    return sorted(
        path
        for path in folder.rglob("*.ipynb")
        if not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    )


def execute(path: Path, timeout: float | None = None, source: Path = SOURCE) -> None:
    """Run a notebook in its own folder and store the outputs, and what they depend on, in it.

    The file is replaced whole, and only when every cell has run.

    Parameters
    ----------
    path : Path
        The notebook.
    timeout : float, optional
        Seconds that a cell may take; no limit by default.
    source : Path
        The folder that holds the packages.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        When a cell raises. The file is then as it was before; so it is after any other error.
    ValueError
        When a cell asks for a picture and has none.
    """
    notebook = _read(path)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        record_timing=False,
        coalesce_streams=True,  # carriage returns collapse: of a progress bar, the last state is left
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.create_kernel_manager().kernel_spec_manager = _ThisEnvironment()
    # One thread, as on Binder: with more, sums are rounded otherwise, and a training ends elsewhere.
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    # What the kernel says of itself is dropped; what cells say goes to the notebook.
    client.execute(stderr=subprocess.DEVNULL, env=environment)
    _clean(notebook)
    notebook.metadata["tsattn"] = {"depends_on": depends_on(notebook, path.parent, source)}
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


def _read(path: Path) -> NotebookNode:
    """Read a notebook of format 4; a cell without an id of its own gets one from its text.

    nbformat would give it a random one, and the next run another.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    content["nbformat_minor"] = max(5, content["nbformat_minor"])  # the first that has ids
    taken: set[str] = set()
    for cell in content["cells"]:
        salt = 0
        while not cell.get("id") or cell["id"] in taken:
            cell["id"] = hashlib.sha256(f"{salt} {cell['source']}".encode()).hexdigest()[:8]
            salt += 1
        taken.add(cell["id"])
    return nbformat.reads(json.dumps(content), as_version=4)


def _clean(notebook: NotebookNode) -> None:
    """Drop what changes from run to run or from machine to machine and says nothing to the reader."""
    language = notebook.metadata.get("language_info", {"name": "python"})
    kept = {key: notebook.metadata[key] for key in ("mystnb",) if key in notebook.metadata}
    language = {key: language[key] for key in KEPT_LANGUAGE_INFO if key in language}
    notebook.metadata = nbformat.from_dict({**kept, "kernelspec": KERNEL, "language_info": language})
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        if "outputs" in cell:  # a progress bar that has gone leaves a line of spaces
            cell.outputs = [output for output in cell.outputs if output.get("text", "x").strip()]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Run the notebooks of the book, or check them.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("execute", help="run notebooks in place and store their outputs")
    run.add_argument("--timeout", type=float, help="seconds that a cell may take (default: no limit)")
    check = commands.add_parser("check", help="list what nbval does not see")
    for command in (run, check):
        command.add_argument("notebooks", nargs="*", type=Path, help="default: every notebook in book/")
    options = parser.parse_args(arguments)
    failed = 0
    for path in options.notebooks or notebook_paths():
        print(f"{path}: ", end="", flush=True)
        found = _try_to_execute(path, options.timeout) if options.command == "execute" else problems(path)
        print("failed" if found else "ok", *found, sep="\n  ", flush=True)
        failed += bool(found)
    return 1 if failed else 0


def _try_to_execute(path: Path, timeout: float | None) -> list[str]:
    """Run one notebook; a failure is reported and does not keep the others from running."""
    try:
        execute(path, timeout)
    except (CellExecutionError, CellControlSignal, DeadKernelError, ValueError, OSError) as error:
        return [*str(error).strip().splitlines(), f"{path.name} was left as it was"]
    return []


if __name__ == "__main__":
    sys.exit(main())
