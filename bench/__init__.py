"""Figures that are measured by hand and printed. Each module is one bench, ``run`` its only door; ``figures`` and
those with an underscore are what they share.

A figure stands beside a baseline that was measured in the same run on the same machine, because seconds alone say
more about the machine. Nothing here is a test: the tests run each bench in its short form and look at counts only.
"""
