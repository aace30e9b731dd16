"""The reference pair of each operation: a module of its name holds f and f_vjp, found by that name when asked for.

Written by hand and in plain NumPy; nothing here is made from a definition.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any


def function(name: str) -> Any:
    """The function of this name, from the module that an operation's pair is in; ``None`` where there is none."""
    module = f"{__name__}.{name.removesuffix('_vjp')}"
    return getattr(importlib.import_module(module), name, None) if importlib.util.find_spec(module) else None
