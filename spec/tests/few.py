"""Of many rows of one kind a few by default, and the others with ``-m slow``."""

import pytest
from hypothesis import settings

DEEP = settings.default.max_examples >= 1000
"""Is this a long campaign, under a Hypothesis profile of so many examples?"""


def few(rows, quick):
    """The rows of a ``parametrize``, of which those that ``quick`` holds of show each kind."""
    return [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=[] if quick(row) else [pytest.mark.slow])
        for row in rows
    ]


TELLING = {
    *("linear", "relu", "softmax_cross_entropy", "layer_norm", "gelu", "causal_attention", "max_pool", "embedding"),
    *("conv2d", "focal", "weighted_cross_entropy", "l2_normalise"),
}
"""Built-in operations with what any of them is made of: brackets, places that are looked up or counted, a maximum,
means, exponentials, quotients, powers, parameters and numbers. The others show more of the same.
"""


def telling(row):
    """Does a row, by its name, show a kind of operation?"""
    return (row if isinstance(row, str) else row[0]) in TELLING
