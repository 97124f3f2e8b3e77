"""What the stored outputs of a notebook depend on, as digests: they tell when it has to be run again.

The parts are the code cells, the modules of our packages that they import directly or indirectly, the
files that they name, and the ``matplotlibrc`` beside the notebook. A file counts as named when a
string in the code is its path relative to the notebook's folder: write such paths in one piece.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

SOURCE = Path(__file__).resolve().parents[1] / "src"
PACKAGES = ("tsattn_tutorial", "tsattn_lab")
VERSION = re.compile("^__version__ = .*$", re.MULTILINE)  # a release changes it and nothing else
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def depends_on(notebook: NotebookNode, folder: Path, source: Path = SOURCE) -> dict[str, str]:
    """Digest everything that the outputs of a notebook depend on.

    Comments, docstrings, layout and the version of the package are left out: they change no output.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook.
    folder : Path
        The folder it stands in. File names in its code are taken relative to it.
    source : Path
        The folder that holds the packages.

    Returns
    -------
    dict
        Name of the part (``code cells``, a module, a file) -> digest.
    """
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    parsed = [(cell, parse_cell(cell)) for cell in cells]
    written = (cell if tree is None else _canonical(tree) for cell, tree in parsed)
    parts = {"code cells": _digest("\n".join(written).encode())}
    trees = [tree for _, tree in parsed if tree is not None]
    for module in _modules(trees, source):
        text = VERSION.sub("", _module_file(module, source).read_text(encoding="utf-8"))
        parts[module] = _digest(_canonical(ast.parse(text)).encode())
    for name in _named_files(trees, folder) | {"matplotlibrc"}:
        if (folder / name).is_file():
            parts[name] = _digest((folder / name).read_bytes())
    return dict(sorted(parts.items()))


def stale(notebook: NotebookNode, folder: Path, source: Path = SOURCE) -> list[str]:
    """Names of the parts that have changed, come or gone since the notebook was last run."""
    stored = notebook.metadata.get("tsattn", {}).get("depends_on", {})
    current = depends_on(notebook, folder, source)
    return [name for name in sorted(stored.keys() | current.keys()) if stored.get(name) != current.get(name)]


def parse_cell(cell: str) -> ast.Module | None:
    """Parse a code cell, magics and shell lines included; None where it is no Python.

    A cell that shows a syntax error on purpose is no Python.
    """
    source = TransformerManager().transform_cell(cell)
    try:
        return compile(source, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _canonical(node: object) -> str:
    """Write a syntax tree so that neither layout nor the Python that parsed it shows.

    `ast.dump` and `ast.unparse` differ between minor versions of Python, mostly in how they write
    fields that are empty. Empty fields are left out here.
    """
    if isinstance(node, list):
        return f"[{','.join(map(_canonical, node))}]"
    if not isinstance(node, ast.AST) or isinstance(node, ast.Constant):
        return repr(getattr(node, "value", node))
    fields = dict(ast.iter_fields(node))
    if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = node.body[1:]
    body = ",".join(f"{name}={_canonical(part)}" for name, part in fields.items() if part is not None and part != [])
    return f"{type(node).__name__}({body})"


def _modules(trees: Iterable[ast.Module], source: Path) -> set[str]:
    """Modules of the packages that these syntax trees import, directly or through each other."""
    found: set[str] = set()
    waiting = [name for tree in trees for name in _imports(tree, "")]
    while waiting:
        name = waiting.pop()
        path = _module_file(name, source)
        if name in found or path is None:
            continue
        found.add(name)
        parent = name.rpartition(".")[0]  # importing a module runs the packages around it
        package = name if path.name == "__init__.py" else parent
        waiting += [parent, *_imports(ast.parse(path.read_bytes()), package)]
    return found


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Names that may be modules, wherever in the tree they are imported.

    A string that spells a module of theirs counts as well, because `importlib` takes one.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                levels = package.split(".")
                parents = levels[: len(levels) - node.level + 1] if node.level else []
                base = ".".join([*parents, *filter(None, [node.module])])
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)
            case ast.Constant(value=str(text)) if text.partition(".")[0] in PACKAGES:
                yield text


def _module_file(name: str, source: Path) -> Path | None:
    parts = name.split(".")
    if parts[0] not in PACKAGES or not all(part.isidentifier() for part in parts):
        return None
    base = source.joinpath(*parts)
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _named_files(trees: Iterable[ast.Module], folder: Path) -> set[str]:
    constants = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    texts = {text for text in constants if isinstance(text, str) and 0 < len(text) <= 255 and text.isprintable()}
    return {text for text in texts if not Path(text).is_absolute() and (folder / text).is_file()}
