"""Draw the diagrams of the architectures, ``book/images/diagrams/*.svg``: ``python tools/diagrams.py`` writes them all.

Each is 440 units wide, so that its letters of 14 and 15 units can be read on a phone. What belongs to attention has the
accent colour, all else the colour of the text. A file brings the colours of both themes along; in a page of the book,
where `lean_site.diagrams` puts it, it takes those of the page. Time runs from left to right, dimensions downwards.
"""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "book" / "images" / "diagrams"
WIDTH, LINE, GAP = 440, 19, 34
ACCENT = {"light": "#b9520e", "dark": "#e8853d"}
STYLE = (
    "<style>svg{color:#222832;background:#fff}@media(prefers-color-scheme:dark)"
    f"{{svg{{color:#ced6dd;background:#14181e;--diagram-accent:{ACCENT['dark']}}}}}</style>"
)
STEPS = range(64, 305, 60)  # where the five steps stand that stand for T
# What is drawn: hidden states, a series of four dimensions, weights.
STATES = (0.1, 0.6), (0.5, 0.2), (0.7, 0.1), (0.2, 0.4), (0.05, 0.5)
VALUES = [[0.1 + (5 * i * i + 3 * i * j + 4 * j) % 7 / 10 for j in range(6)] for i in range(4)]
WEIGHTS = 0.08, 0.14, 0.55, 0.17, 0.06


def marked(text: str) -> str:
    """Set ``*h*_t``, ``*h*_{T-1}`` and ``*v*^T`` as they are written by hand."""
    text = escape(text, quote=False)
    for sign, shift in (("_", 4), (r"\^", -6)):
        moved = rf'<tspan dy="{shift}" font-size="12">\1\2</tspan><tspan dy="{-shift}">&#8203;</tspan>'
        text = re.sub(rf"(?<=[*Σ>]){sign}(?:\{{(.+?)\}}|(\w))", moved, text)
    return re.sub(r"\*(.+?)\*", r'<tspan font-style="italic">\1</tspan>', text)


class Diagram:
    """Parts of a diagram, put down one after the other; all take centres in x and tops in y, and return the bottom."""

    def __init__(self, title: str) -> None:
        self.title, self.parts, self.bottom = title, [], 0.0

    def add(self, tag: str, inner: str | None = None, *, accent: bool = False, **attributes) -> None:
        """Add one element."""
        self.bottom = max(self.bottom, attributes.get("y", 0) + attributes.get("height", 5))
        colour = f' style="color:var(--diagram-accent,{ACCENT["light"]})"' if accent else ""
        written = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
        self.parts.append(f"<{tag}{written}{colour}" + ("/>" if inner is None else f">{inner}</{tag}>"))

    def text(self, x, y, *lines: str, anchor="middle", bold=False) -> float:
        """Write lines; the first may be bold."""
        for number, line in enumerate(lines):
            weight = {"font_weight": 600} if bold and number == 0 else {}
            place = {"x": x, "y": y + 14 + LINE * number, "text_anchor": anchor}
            self.add("text", marked(line), **place, **weight, font_size=14 if number else 15)
        return y + LINE * len(lines)

    def box(self, x, y, width, *lines: str, accent=False) -> float:
        """Draw a layer: its name, and what there is to say of it."""
        height = LINE * len(lines) + 15
        frame = {"x": x - width / 2, "y": y, "width": width, "height": height, "rx": 9, "stroke": "currentColor"}
        shade = {"fill": "currentColor", "fill_opacity": 0.12} if accent else {"fill": "none"}
        self.add("rect", **frame, **shade, stroke_width=2 if accent else 1.5, accent=accent)
        self.text(x, y + 7, *lines, bold=True)
        return y + height

    def arrow(self, *points, label: str = "", accent=False) -> float:
        """Lead through points; what flows there is written to the right of the last part."""
        (x0, y0), (x, y) = points[-2:]
        path = "M" + "L".join(f"{a} {b}" for a, b in points)
        self.add("path", d=path, fill="none", stroke="currentColor", stroke_width=1.5, accent=accent)
        dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
        tip = f"M{x} {y}l{-9 * dx - 4.5 * dy} {-9 * dy + 4.5 * dx}l{9 * dy} {-9 * dx}z"
        self.add("path", d=tip, fill="currentColor", accent=accent)
        if label:
            self.text(x + 12, (y0 + y) / 2 - LINE / 2, label, anchor="start")
        return y

    def cells(self, x, y, rows, side=22, *, accent=False) -> float:
        """Draw a grid of numbers between 0 and 1, darker where they are larger; return its bottom."""
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                at = {"x": x + (j - len(row) / 2) * side, "y": y + i * side, "width": side, "height": side}
                shade = {"fill": "currentColor", "fill_opacity": value, "stroke": "currentColor"}
                self.add("rect", **at, **shade, stroke_opacity=0.6, accent=accent)
        return y + len(rows) * side

    def flow(self, x, y, width, *items) -> float:
        """Put layers below each other: a tuple is a box, with True in front one of attention; a text is an arrow."""
        for item in items:
            if isinstance(item, str):
                y = self.arrow((x, y), (x, y + GAP), label=item)
            else:
                y = self.box(x, y, width, *item[item[0] is True :], accent=item[0] is True)
        return y

    def fan(self, y, *, accent=False) -> float:
        """Lead all steps on, side by side."""
        return max(self.arrow((x, y), (x, y + 24), accent=accent) for x in STEPS)

    def pooling(self, y, vectors, shapes: tuple[str, str], rule: str) -> float:
        """Draw attention pooling, from one vector a step to one a series."""
        side, middle, top = 340, STEPS[2], y + 7.5 * len(vectors[0])
        for vector, x in zip(vectors, STEPS, strict=True):
            y = self.cells(x, top - 7.5 * len(vector), vector, 15)
        self.text(side, top - LINE, "states *h*", shapes[0], anchor="start")
        y = self.box(middle, self.fan(y + 4), 300, "score", rule, accent=True)
        self.text(side, y - 7, "scores *e*", "(B, T)", anchor="start")
        y = self.box(middle, self.fan(y), 300, "softmax", "over the T steps", accent=True)
        for x, weight in zip(STEPS, WEIGHTS, strict=True):
            bar = {"x": x - 15, "y": y + 74 - 110 * weight, "width": 30, "height": 110 * weight}
            self.add("rect", **bar, fill="currentColor", accent=True)
        self.text(side, y + 20, "weights *a*", "(B, T)", "of sum 1", anchor="start")
        y = self.fan(y + 78, accent=True)
        self.arrow((STEPS[0] - 12, top), (14, top), (14, y + 26), (34, y + 26))
        y = self.box(middle, y, 300, "weighted sum", "Σ_t *a*_t *h*_t", accent=True)
        y = self.arrow((middle, y), (middle, y + 26))
        self.text(side, y - 2, "context *h̄*", shapes[1], anchor="start")
        return self.cells(middle, y + 4, vectors[2], 15)

    def svg(self) -> str:
        """Return the file."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {self.bottom + 10:g}" '
            f'width="{WIDTH}" height="{self.bottom + 10:g}" fill="currentColor" font-family="system-ui, sans-serif">'
            f"<title>{escape(self.title)}</title>{STYLE}\n" + "\n".join(self.parts) + "\n</svg>\n"
        )


def column(*values: float) -> list[list[float]]:
    """Write a vector from top to bottom."""
    return [[value] for value in values]


def attention_pooling(d: Diagram) -> None:
    """Attention pooling: scores, softmax over the time steps, weighted sum.

    Draw scores, softmax, weighted sum.
    """
    for x, step in zip(STEPS, ("0", "1", "2", "…", "{T-1}"), strict=True):
        d.text(x, 8, step if step == "…" else f"*h*_{step}")
    d.pooling(36, [column(*state) for state in STATES], ("(B, T, K)", "(B, K)"), "one number *e*_t for each step")


def bilstm_pooling(d: Diagram) -> None:
    """A BiLSTM with attention pooling, from the series to the logit.

    Draw `tsattn_tutorial.torch.BiLSTMAttention` with its defaults.
    """
    wave = "M36 34C56 -4 76 -4 96 34S136 72 150 48L214 48C230 80 252 72 272 34S312 -4 332 24"
    d.add("path", d=wave, fill="none", stroke="currentColor", stroke_width=2)
    d.text(340, 22, "series *x*", "(B, T, D)", anchor="start")
    y = d.flow(STEPS[2], 60, 300, "", ("BiLSTM", "H units forwards, H units backwards"))
    vectors = [column(*state, *state[::-1]) for state in STATES]
    y = d.pooling(d.fan(y) + 4, vectors, ("(B, T, 2H)", "(B, 2H)"), "*e*_t = *v*^T tanh(*W* *h*_t + *b*) + *c*")
    y = d.flow(STEPS[2], y + 4, 300, "", ("linear layer",), "")
    d.text(STEPS[2], y + 2, "logit of class 1, (B,)")


def attention_around_lstm(d: Diagram) -> None:
    """Attention before an LSTM, and after it.

    Draw `attention_before_lstm` and `attention_after_encoder` of `tsattn_tutorial.keras`.
    """
    attention = (True, "attention", "dense layer over T,", "softmax over T,", "weights times input")
    head = ("linear layer",), "logit (B,)"
    for x, name in ((108, "before"), (332, "after")):
        d.text(x, 28, "series (B, T, D)")
        d.text(x, 4, name, bold=True)
    items = "", ("LSTM", "its output at every step"), "(B, T, H)", attention, "(B, T, H)", ("flatten",), "(B, T·H)"
    end = d.flow(332, 50, 200, *items)
    d.flow(332, end, 200, *head)
    y = d.flow(108, 50, 200, "", attention, "(B, T, D)", ("LSTM", "its last output"))
    d.flow(108, d.arrow((108, y), (108, end), label="(B, H)"), 200, *head)


def dimension_attention(d: Diagram) -> None:
    """Attention over dimensions: one softmax over the dimensions of each time step.

    Draw `tsattn_tutorial.keras.DimensionAttention`.
    """
    x, side = 160, 306
    d.text(x, 4, "T time steps →")
    bottom = d.cells(x, 28, VALUES)
    frame = {"x": x - 22, "y": 25, "width": 22, "height": bottom - 22, "rx": 3, "stroke": "currentColor"}
    d.add("rect", **frame, fill="none", stroke_width=3, accent=True)
    d.text(side, 34, "series *x*", "(B, T, D)", "a dimension", "in each row", anchor="start")
    y = d.arrow((x - 11, bottom + 4), (x - 11, bottom + 34), accent=True)
    d.text(x + 4, bottom + 8, "step *t*: *x*_t (D,)", anchor="start")
    rules = "*e*_t = *x*_t *P* + *b*, *P* (D, D)", "the same *P* and *b* at every step"
    y = d.flow(x, y, 270, (True, "score", *rules), "scores *e* (B, T, D)")
    y = d.box(x, y, 270, "softmax", "over the D dimensions of each step", accent=True)
    y = d.arrow((x, y), (x, y + 26), accent=True)
    weights = [[(0.8 if i == (2, 2, 2, 0, 2, 3)[j] else 0.12) for j in range(6)] for i in range(4)]
    y = d.cells(x, y + 4, weights, accent=True)
    d.text(side, y - 84, "weights *a*", "(B, T, D)", "each step’s", "sum is 1", anchor="start")
    y = d.arrow((x, y + 4), (x, y + 30), accent=True)
    d.arrow((x - 72, 72), (12, 72), (12, y + 26), (25, y + 26))
    y = d.box(x, y, 270, "weigh", "*o*_{td} = *a*_{td} *x*_{td}", accent=True)
    d.flow(x, y, 270, "output *o* (B, T, D)")


def joint_attention(d: Diagram) -> None:
    """Joint attention, one softmax over all cells, and factorised attention, the product of two.

    Draw `JointAttention` and `FactorisedAttention` of `tsattn_tutorial.keras`.
    """
    left, right, side = 104, 332, 15
    one, other = right - 54, right + 54
    for x, name in ((left, "joint"), (right, "factorised")):
        d.text(x, 4, name, bold=True)
        top = d.cells(x, 30, VALUES, side) + 4
        d.text(x + 52 if x == left else x - 52, 50, "*x*", anchor="start" if x == left else "end")
    d.text((left + right) / 2, 50, "(B, T, D)")
    y = d.flow(left, top, 200, "", (True, "one softmax", "dense layer over", "all T·D cells,", "softmax over them all"))
    for x, axis, across in ((one, "T", "D"), (other, "D", "T")):
        d.arrow((right, top), (right, top + 14), (x, top + 14), (x, top + 34))
        d.box(x, top + 34, 102, f"over {axis}", "dense layer,", "softmax,", f"mean over {across}", accent=True)
    steps, dimensions = (0.05, 0.1, 0.2, 0.9, 0.3, 0.1), (0.15, 0.9, 0.35, 0.1)
    for x in (one, other):
        d.arrow((x, y), (x, y + 24), accent=True)
    d.cells(one, y + 50, [steps], side, accent=True)
    d.text(one, y + 26, "*τ* (B, T)")
    low = d.cells(other, y + 50, column(*dimensions), side, accent=True)
    d.text(other, y + 26, "*δ* (B, D)")
    d.arrow((one, y + 69), (one, low + 34), accent=True)
    d.arrow((other, low + 4), (other, low + 34), accent=True)
    y2 = d.box(right, low + 34, 210, "product", "*a*_{td} = *τ*_t *δ*_d", accent=True)
    scattered = [[0.9 if (i, j) in ((1, 3), (2, 0), (3, 4)) else 0.08 for j in range(6)] for i in range(4)]
    ranked = [[step * dimension for step in steps] for dimension in dimensions]
    d.arrow((left, y), (left, y2 + 26), accent=True)
    d.arrow((right, y2), (right, y2 + 26), accent=True)
    for x, weights, said in ((left, scattered, "any pattern"), (right, ranked, "rank one")):
        y = d.cells(x, y2 + 30, weights, side, accent=True)
        d.text(x, y + 4, f"*a* (B, T, D): {said}")
        y = d.flow(x, y + 24, 200, "", (True, "weigh", "*o*_{td} = *a*_{td} *x*_{td}"), "*o* (B, T, D)")


def residual_self_attention(d: Diagram) -> None:
    """Self-attention without and with a residual connection.

    Draw `self_attention_classifier` without and with ``residual``.
    """
    rules = "scores *h*_i^T *W* *h*_j", "*a*_{ij}: softmax over *j*", "fetch Σ_j *a*_{ij} *h*_j"
    for x, name in ((104, "without"), (326, "with residual")):
        d.text(x, 4, name, bold=True)
        d.text(x, 28, "*h* (B, T, K)")
        y = d.flow(x, 50, 180, "", (True, "self-attention", *rules))
    d.arrow((104, y), (104, y + 80))
    d.arrow((326, y), (326, y + 32))
    d.arrow((326, 62), (426, 62), (426, y + 43), (338, y + 43))
    d.add("circle", cx=326, cy=y + 43, r=11, fill="none", stroke="currentColor", stroke_width=1.5)
    d.add("path", d=f"M319 {y + 43}h14M326 {y + 36}v14", stroke="currentColor", stroke_width=1.5)
    d.arrow((326, y + 54), (326, y + 80))
    d.text(104, y + 82, "*o* = *A* *h*")
    d.text(326, y + 82, "*o* = (*I* + *A*) *h*")
    looks = (0.1, 0.1, 0.1, 0.6, 0.1), (0.2,) * 5, (0.2,) * 5, (0.6, 0.1, 0.1, 0.1, 0.1), (0.2,) * 5
    d.cells(104, y + 116, looks, 20, accent=True)
    kept = [[min(1, weight + 0.8 * (i == j)) for j, weight in enumerate(row)] for i, row in enumerate(looks)]
    d.cells(326, y + 116, kept, 20, accent=True)
    d.text(215, y + 148, "row *i*: what", "step *i* takes", "from each *j*")


def estimator(d: Diagram) -> None:
    """The classifier: scaling, patches, encoder, pooling, linear layer; attend and evidence as side outputs.

    Draw `tsattn_tutorial.estimator.AttentionClassifier`.
    """
    x, side = 136, 358
    y = d.flow(x, 6, 250, ("table", "series_from_frame, to_aeon"), "(n, channels, T)")
    y = d.flow(x, y, 250, ("scale, fill gaps, pad", "by the training series"), "(B, T, D)")
    y = d.flow(x, y, 250, ("patches", "of several steps where T > 64"), "(B, P, F)")
    y = d.flow(x, y, 250, ("encoder", "a layer; or one of three others"), "hidden (B, P, K)")
    y1 = d.flow(x, y, 250, (True, "attention pooling", "weights (B, P), weighted sum"))
    y2 = d.flow(x, y1, 250, "context (B, K)", ("linear layer", "one logit a class"), "logits (B, C)")
    d.text(x, y2 + 2, "softmax: predict_proba(), (n, C)")
    d.arrow((x + 125, y + 26), (side - 74, y + 26), accent=True)
    d.box(side, y - 12, 148, "attend()", "weight of a step", "(n, T)", accent=True)
    low = y2 - GAP - 53
    d.arrow((side, y + 60), (side, low - 4), accent=True)
    d.arrow((x + 125, low + 30), (side - 74, low + 30))
    d.box(side, low - 4, 148, "evidence()", "weight times vote", "of each step", "(n, C, T)", accent=True)


#: What there is to draw, each into a file of its name.
DIAGRAMS = attention_pooling, bilstm_pooling, attention_around_lstm, dimension_attention, joint_attention
DIAGRAMS += residual_self_attention, estimator


def drawn() -> Iterator[tuple[Path, str]]:
    """Yield the files, each named as the function that draws it, and entitled as its docstring begins."""
    for parts in DIAGRAMS:
        parts(diagram := Diagram(parts.__doc__.partition(".\n")[0]))
        yield FOLDER / f"{parts.__name__}.svg", diagram.svg()


if __name__ == "__main__":
    for path, text in drawn():
        path.write_text(text, encoding="utf-8")
