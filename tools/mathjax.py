r"""Put together the part of MathJax that the book uses.

The ready-made combinations of MathJax carry a menu of 0.4 MB and every extension of TeX. This script joins the
components that the formulas of the book need into one file, unchanged and in the order in which they build on each
other::

    npm pack mathjax@3.2.2 && tar -xzf mathjax-3.2.2.tgz
    python tools/mathjax.py package

A formula that needs more (``\newcommand``, ``\cancel``, chemistry) shows up in the tests as an equation that could
not be set: add the extension here, and write the file anew.
"""

import argparse
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "book" / "_static" / "mathjax" / "tex-chtml-book.js"

EXTENSIONS = ["ams"]
COMPONENTS = [
    "core",
    "input/tex-base",
    *(f"[tex]/{name}" for name in EXTENSIONS),
    "output/chtml",
    "output/chtml/fonts/tex",
    "a11y/assistive-mml",  # the same formulas as MathML, for screen readers
]

# Runs before everything else: what the page configures stays, and comes first. A page of mathematics takes a phone a
# second or more; it is set a few formulas at a time, and between them the reader can scroll.
SETTINGS = """\
(function () {
  const page = window.MathJax || {};
  async function inTurns() {
    const formulas = [...document.querySelectorAll(".math")];
    for (let i = 0; i < formulas.length; i += %(turn)d) {
      await MathJax.typesetPromise(formulas.slice(i, i + %(turn)d));
      await new Promise((next) => setTimeout(next));
    }
  }
  window.MathJax = {
    ...page,
    startup: { input: ["tex"], output: "chtml", pageReady: inTurns, ...page.startup },
    tex: { packages: %(packages)s, ...page.tex },
  };
})();
"""
TURN = 5


def combine(package: Path) -> str:
    """Join the components of an unpacked package.

    Parameters
    ----------
    package : Path
        Folder that holds the package's ``es5``.

    Returns
    -------
    str
        The script.
    """

    def component(name: str) -> str:
        return (package / "es5" / f"{name.replace('[tex]', 'input/tex/extensions')}.js").read_text(encoding="utf-8")

    packages = str(["base", *EXTENSIONS]).replace("'", '"')
    # The start waits for a promise, and so for the end of the script: the components are there by then.
    parts = [
        "/* Parts of MathJax 3.2.2, Apache-2.0 (see LICENSE), joined by tools/mathjax.py. */\n",
        SETTINGS % {"packages": packages, "turn": TURN},
        *(component(name) + "\n" for name in ["startup", *COMPONENTS]),
    ]
    return "".join(parts)


def main() -> None:
    """Write the file that the site loads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="folder of the unpacked npm package mathjax@3.2.2")
    TARGET.write_text(combine(parser.parse_args().package), encoding="utf-8")


if __name__ == "__main__":
    main()
