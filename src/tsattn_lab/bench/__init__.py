"""How long things take, side by side in one run: ``make bench``.

Absolute seconds say more about the machine than about the code, so every figure is a ratio of two times taken in turn.
"""
