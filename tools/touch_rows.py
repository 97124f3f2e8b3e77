"""Write the weights that a reader chooses from in the chapter on time steps: ``python tools/touch_rows.py``.

They are rows of ``book/results/planted_steps.csv``: what stands before the attention, the planted step, five seeds,
the mean weight of each step. A test holds the file to the rows.
"""

import json
from pathlib import Path

import pandas as pd

BOOK = Path(__file__).resolve().parents[1] / "book"
ROWS = BOOK / "results" / "planted_steps.csv"
SCRIPT = BOOK / "_static" / "touch_rows.js"
HEAD = "// Written by tools/touch_rows.py from book/results/planted_steps.csv: mean weights, in millionths.\n"
#: Name on the page -> the settings of the rows, but for the planted step, of which 10 is the usual one.
ENCODERS = {"LSTM": {}, "position-wise": {"variant": "position-wise"}}
STEPS = {"5": 5, "10": 10, "15": 15, "5 and 15": [5, 15]}


def script() -> str:
    """Text of the script, from the rows as they are committed."""
    table = pd.read_csv(ROWS).sort_values("seed").set_index("settings")
    table = (table[[f"weight_{t:02}" for t in range(20)]] * 1e6).round().astype(int)
    found = {}
    for encoder, variant in ENCODERS.items():
        for name, position in STEPS.items():
            given = variant if position == 10 else variant | {"position": position}
            found.setdefault(encoder, {})[name] = table.loc[json.dumps(given, sort_keys=True)].to_numpy().tolist()
    rows = json.dumps(found, separators=(",", ":")).replace("[", "\n[")  # a line a training
    return f"{HEAD}const TOUCH_ROWS = {rows};\n"


if __name__ == "__main__":
    SCRIPT.write_text(script(), encoding="utf-8")
