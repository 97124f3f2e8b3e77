"""The parts of `read_csv`, in the order in which a file passes through them.

``arguments`` (what was asked for), ``rows`` (cells and their lines), ``columns`` (which is what), ``cells`` and
``times`` (from text to numbers), ``table`` (all of it, column by column), ``layouts`` (series).
"""
