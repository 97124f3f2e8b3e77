"""Icons of Font Awesome Free, drawn into the pages.

The theme's script turns ``<i class="fa-solid fa-bars"></i>`` into a picture when the page is open. Here this happens
once, when the site is built, with the drawings that the script carries (Font Awesome Free, icons CC BY 4.0).
"""

import re
from functools import cache

# The script holds three sets, each closed by a call that names it.
SETS = {"fab": "fa-brands", "far": "fa-regular", "fas": "fa-solid"}
ICON = re.compile(r"<(i|span)\s+([^>]*?)class=\"([^\"]*\bfa-[^\"]*)\"([^>]*)></\1>")
DRAWING = r"""[{{,]"?{name}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]"""
# Other names of an icon stand in the list that goes with it.
ALIAS = r"""[{{,]"?[\w-]+"?:\[(\d+),(\d+),\[[^\]]*"{name}"[^\]]*\],"[0-9a-f]+","([^"]+)"\]"""
STYLE_CLASSES = {"fa", *SETS, *SETS.values()}


class Icons:
    """The drawings in the theme's script.

    Parameters
    ----------
    script : str
        Font Awesome's script, with all its icons.
    """

    def __init__(self, script: str) -> None:
        starts = [0]
        self._sets = {}
        for short, long in SETS.items():
            end = re.search(rf'\("{short}",\w+\),\w+\("{long}",\w+\)', script)
            if not end:
                raise ValueError(f"the script of Font Awesome has no set {long}")
            self._sets[short] = script[starts[-1] : end.start()]
            starts.append(end.end())
        self._find = cache(self._search)

    def _search(self, style: str, name: str) -> tuple[str, str, str]:
        for pattern in (DRAWING, ALIAS):
            found = re.search(pattern.format(name=re.escape(name)), self._sets[style])
            if found:
                return found[1], found[2], found[3]
        raise ValueError(f"Font Awesome has no icon {name} in the set {style}")

    def svg(self, classes: list[str], attributes: str = "") -> str:
        """Draw one icon.

        Parameters
        ----------
        classes : list of str
            Its classes, such as ``["fa-solid", "fa-bars"]``.
        attributes : str
            Other attributes of the element.

        Returns
        -------
        str
            An ``svg`` element that stands on the line like a letter, and that screen readers pass over.
        """
        style = next((short for short, long in SETS.items() if short in classes or long in classes), "fas")
        for name in classes:
            if name.startswith("fa-") and name not in STYLE_CLASSES and name != "fa-lg":
                width, height, path = self._find(style, name.removeprefix("fa-"))
                break
        else:
            raise ValueError(f"no icon in {' '.join(classes)}")
        # A title would become a tooltip and a name; the buttons around the icons have both.
        attributes = re.sub(r'\s*title="[^"]*"', "", attributes).strip()
        kept = " ".join(name for name in classes if name not in STYLE_CLASSES)
        return (
            f'<svg class="svg-inline--fa {kept}" {attributes + " " if attributes else ""}aria-hidden="true" '
            f'viewBox="0 0 {width} {height}"><path fill="currentColor" d="{path}"/></svg>'
        )

    def draw(self, page: str) -> str:
        """Replace every icon of a page by its drawing."""
        return ICON.sub(lambda found: self.svg(found[3].split(), f"{found[2]} {found[4]}"), page)
