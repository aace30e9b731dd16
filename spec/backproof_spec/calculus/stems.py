"""The name of a theorem, taken apart: ``linear.dW.sample``, or of a network of three layers ``network.3.dW2``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stem:
    """``depth`` of a network, and ``layer`` of it: 0 where there is none; ``rest``: what is said beside."""

    operation: str
    what: str = ""
    depth: int = 0
    layer: int = 0
    rest: tuple[str, ...] = ()

    @property
    def claim(self) -> str:
        """The claim of the suite that it proves, if it proves one: ``network.dW`` for every depth and layer."""
        return f"{self.operation}.{self.what}"

    @property
    def any_depth(self) -> str:
        """``network.k.dW`` for every depth and layer; else the whole name."""
        return f"network.k.{self.what}" if self.depth else ".".join([self.claim.rstrip("."), *self.rest])

    @property
    def names(self) -> frozenset[str]:
        """What it is asked for by: its operation, network, claim, and its own name."""
        whole = [self.operation, *([self.what] if self.what else []), *self.rest]
        if self.depth:
            layer = str(self.layer or "")
            whole = ["network", str(self.depth), f"{self.what}{layer}"]
            return frozenset({"network", f"network.{self.depth}", self.claim, f"{self.claim}{layer}", ".".join(whole)})
        return frozenset(".".join(whole[: k + 1]) for k in range(len(whole)))


def stem(name: str) -> Stem:
    """The parts of a name."""
    operation, *parts = name.split(".")
    if operation == "network" and len(parts) == len(("3", "dW2")):
        (depth, gradient), kinds = parts, ("dW", "db", "dX")
        kind, layer = gradient[:2], gradient[2:]
        if _whole(depth) and kind in kinds and (_whole(layer) or (kind, layer) == ("dX", "")):
            return Stem(operation, kind, int(depth), int(layer or 0))
    return Stem(operation, "".join(parts[:1]), rest=tuple(parts[1:]))


def _whole(text: str) -> bool:
    """Is it a whole number from 1, written as such?"""
    return text.isascii() and text.isdecimal() and text[0] != "0"
