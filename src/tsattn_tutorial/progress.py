"""A progress bar for whoever is watching, and silence for whoever is not."""

import sys

from tqdm import tqdm

__all__ = ["progress_bar"]


def progress_bar(total: int, unit: str, *, show: bool = True) -> tqdm:
    """Make a bar on standard output that leaves nothing behind.

    It shows in a terminal and in a running notebook, and stays silent where output goes to a file. In
    a notebook it goes to standard output because whatever stands on standard error is stored as such.

    Parameters
    ----------
    total : int
        Steps until done.
    unit : str
        What one step is called.
    show : bool
        False silences the bar everywhere.
    """
    ipython = sys.modules.get("IPython")
    watched = sys.stdout.isatty() or (ipython is not None and ipython.get_ipython() is not None)
    return tqdm(
        total=total, unit=unit, leave=False, disable=not (show and watched), file=sys.stdout, ncols=78, mininterval=1
    )
