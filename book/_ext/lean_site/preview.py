"""Picture that a preview of a link shows: the title of the book beside its first figure."""

from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)
FIGURE = "book/images/attention_over_a_wave.png"
NAME = "preview.png"
ALT = "A wave that is held constant for a while, and the attention of a trained model drawn as a filled curve."
PAPER, INK, MUTED = "#ffffff", "#16324a", "#5a6570"


def draw(figure: Path, title: str, line: str, target: Path) -> None:
    """Draw the picture.

    Parameters
    ----------
    figure : Path
        A PNG with a transparent background.
    title, line : str
        What stands beside it, large and small; broken between words.
    target : Path
        Where the picture goes, as a PNG of 256 colours.
    """
    picture = Image.new("RGB", SIZE, PAPER)
    with Image.open(figure) as opened:
        shown = opened.convert("RGBA")
    shown.thumbnail((700, 540))
    picture.paste(shown, (SIZE[0] - shown.width - 40, (SIZE[1] - shown.height) // 2), shown)

    pen = ImageDraw.Draw(picture)
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    y = 190
    for text, font_name, size, colour in ((title, "DejaVuSans-Bold", 58, INK), (line, "DejaVuSans", 27, MUTED)):
        font = ImageFont.truetype(fonts / f"{font_name}.ttf", size)
        row = ""
        for word in [*text.split(), ""]:
            longer = f"{row} {word}".strip()
            if row and (not word or font.getlength(longer) > 400):
                pen.text((50, y), row, font=font, fill=colour)
                y += round(1.35 * size)
                row = word
            else:
                row = longer
        y += 24
    picture.quantize(256).save(target, optimize=True)
