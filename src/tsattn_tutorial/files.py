"""Files that are written whole or not at all."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside the target; move it there when the block ends well, else delete it.

    A reader sees the old file or the new one, never a part of one. A process that is killed may leave the
    temporary file behind, which starts with a dot.

    Parameters
    ----------
    path : str or path
        Target; its folder must exist.

    Raises
    ------
    FileNotFoundError
        When the folder does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: expected an existing folder to write to, got {path.parent}")
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
