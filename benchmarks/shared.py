"""Planted mistakes and unusual spellings, which the tests have, for programs that are none."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "properties" / "tests"))

from plants import Plant
from plants.mistakes import MISTAKES
from plants.noise import PLACES, ULPS, noisy
from plants.unusual import UNUSUAL

__all__ = ["MISTAKES", "PLACES", "ULPS", "UNUSUAL", "Plant", "noisy"]
