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

# Runs before everything else: what the page configures stays, and comes first. All the mathematics of a page takes a
# phone a second or more, so each is set when it comes within a screen of what is shown, and all for print.
SETTINGS = """\
(function () {
  const page = window.MathJax || {};
  function setWhenNear() {
    let turn = Promise.resolve();
    let first;
    const started = new Promise((done) => (first = done));
    const observer = new IntersectionObserver((entries) => {
      const near = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
      near.forEach((formula) => observer.unobserve(formula));
      if (near.length) turn = turn.then(() => MathJax.typesetPromise(near));
      turn.then(first);
    }, { rootMargin: "100%% 0px" });
    const formulas = document.querySelectorAll(".math");
    formulas.forEach((formula) => observer.observe(formula));
    window.addEventListener("beforeprint", () => MathJax.typeset());
    return formulas.length ? started : turn;
  }
  window.MathJax = {
    ...page,
    startup: { input: ["tex"], output: "chtml", pageReady: setWhenNear, ...page.startup },
    tex: { packages: %(packages)s, ...page.tex },
  };
})();
"""


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
        SETTINGS % {"packages": packages},
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
