"""What runs first in every process of ours: ``python -I apart.py {…} ARGUMENT…``, see ``launch.command``.

Nothing of the folder, the environment or the user's own site-packages is imported (``-I``). Our packages are those of
the process that started this one, by their absolute places, whatever else bears their names.
"""

from __future__ import annotations

import importlib.util
import json
import os
import runpy
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from typing import Any


class Ours:
    """Finds our packages where they are, before anything is looked for on the path."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        """By their names."""
        self._folders = folders

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        """What ``import`` asks of a finder."""
        folder = self._folders.get(name)
        if folder is None:
            return None
        start = os.path.join(folder, "__init__.py")  # noqa: PTH118 - as light as can be
        return importlib.util.spec_from_file_location(name, start, submodule_search_locations=[folder])


def main() -> None:
    """Run the module that is asked for."""
    asked = json.loads(sys.argv.pop(1))
    sys.meta_path.insert(0, Ours(asked["ours"]))
    sys.path += [folder for folder in asked["path"] if folder not in sys.path]
    runpy.run_module(asked["module"], run_name="__main__", alter_sys=False)


if __name__ == "__main__":
    main()
