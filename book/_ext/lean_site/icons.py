"""Icons of Font Awesome Free, drawn into the pages.

The theme's script turns ``<i class="fa-solid fa-bars"></i>`` into a picture when the page is open. Here this happens
once, when the site is built, with the drawings that the script carries (Font Awesome Free, icons CC BY 4.0).
"""

import re

# The script holds three sets, each closed by a call that names it.
SETS = {"fab": "fa-brands", "far": "fa-regular", "fas": "fa-solid"}
ICON = re.compile(r"<(i|span)\s+([^>]*?)class=\"([^\"]*\bfa-[^\"]*)\"([^>]*)></\1>")
DRAWING = re.compile(r'[{,]"?([\w-]+)"?:\[(\d+),(\d+),\[([^\]]*)\],"[0-9a-f]+","([^"]+)"\]')

Drawings = dict[tuple[str, str], tuple[str, str, str]]


def read(script: str) -> Drawings:
    """Read Font Awesome's script: (set, any name of an icon) -> width, height, path."""
    drawings = {}
    for part, style in zip(*[iter(re.split(r'\("(fa[brs])",', script))] * 2, strict=False):
        for name, width, height, others, path in DRAWING.findall(part):
            for each in (name, *re.findall(r'"([\w-]+)"', others)):
                drawings[style, each] = (width, height, path)
    return drawings


def draw(page: str, drawings: Drawings) -> str:
    """Replace every icon by a drawing that stands on the line like a letter, and that screen readers pass over."""

    def svg(found: re.Match) -> str:
        classes = found[3].split()
        style = next((short for short, long in SETS.items() if {short, long} & set(classes)), "fas")
        kept = [name for name in classes if name not in {"fa", *SETS, *SETS.values()}]
        name = next(name for name in kept if name.startswith("fa-") and name != "fa-lg").removeprefix("fa-")
        if (style, name) not in drawings:
            raise ValueError(f"Font Awesome has no icon {name} in the set {SETS[style]}")
        width, height, path = drawings[style, name]
        # A title would become a tooltip and a name; the buttons around the icons have both.
        attributes = re.sub(r'\s*title="[^"]*"', "", found[2] + found[4]).strip()
        return (
            f'<svg class="svg-inline--fa {" ".join(kept)}" {attributes} aria-hidden="true" '
            f'viewBox="0 0 {width} {height}"><path fill="currentColor" d="{path}"/></svg>'
        )

    return ICON.sub(svg, page)
