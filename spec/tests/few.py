"""Of many rows of one kind a few by default, and the others with ``-m slow``."""

import pytest


def few(rows, quick):
    """The rows of a ``parametrize``, of which those that ``quick`` holds of show each kind."""
    return [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=[] if quick(row) else [pytest.mark.slow])
        for row in rows
    ]
