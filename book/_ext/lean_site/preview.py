"""Picture that a preview of a link shows: the title of the book beside its first figure."""

import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

WIDTH, HEIGHT = 1200, 630
FIGURE = "book/images/attention_over_a_wave.png"
SUBTITLE = "Build it, train it, and measure whether it helps and where it looks."


def draw(figure: Path, title: str, target: Path) -> None:
    """Draw it, as a PNG of 256 colours; the figure is a PNG with a transparent background."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    with Image.open(figure) as opened:
        shown = ImageOps.contain(opened.convert("RGBA"), (700, 540))
    picture.paste(shown, (WIDTH - shown.width - 40, (HEIGHT - shown.height) // 2), shown)
    pen = ImageDraw.Draw(picture)
    for y, text, width, size, colour in ((170, title, 13, 64, "#16324a"), (440, SUBTITLE, 30, 27, "#5a6570")):
        lines = "\n".join(textwrap.wrap(text, width))
        pen.multiline_text((50, y), lines, font=ImageFont.load_default(size), fill=colour, spacing=size / 3)
    picture.quantize(256).save(target, optimize=True)
