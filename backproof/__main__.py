"""The command ``backproof``, and ``python -m backproof``: what needs no library is answered before any is imported."""

import sys
from typing import NoReturn

from backproof import __version__
from backproof.output import leave

PURPOSE = "Is this gradient right, for every shape and every input, and how do you know?"
COMMANDS = {
    "verify": "Run the verification suite on the reference implementation.",
    "validate": "Run the same suite on somebody's implementation.",
    "grade": "Judge many submissions alike, and keep a gradebook.",
    "vectors": "Write certified test vectors, for programs in any language.",
    "campaign": "Show what a long run has found so far, or go on with it.",
    "prove": "Derive the formulas for all shapes, and check every line again.",
    "list": "List the claims, operations, adapters or conventions.",
}
"""What each command does: the first line of its help."""
_USAGE = f"""Usage: backproof COMMAND [OPTIONS]

{PURPOSE}

Commands:
{"".join(f"  {name:<9} {does}{chr(10)}" for name, does in COMMANDS.items())}
Options:
  -h, --help  of backproof, or of a command: backproof validate -h
  --version   The version.

For example:
  backproof verify                    does the suite hold on its own reference?
  backproof verify layer_norm         is that operation right? (or: all of them)
  backproof validate my_layers.py     is what that file computes right?
  backproof grade submissions/        the same of a class: a gradebook
  backproof prove linear.dW           why is the formula right, for all shapes?
"""
_ANSWERS = {"-h": _USAGE, "--help": _USAGE, "--version": f"backproof {__version__}\n"}


def main() -> NoReturn:
    """Answer at once what can be, else run the command line."""
    words = sys.argv[1:] or ["-h"]
    if len(words) == 1 and words[0] in _ANSWERS:
        leave(lambda: _say(_ANSWERS[words[0]]))
    leave(_run)


def _run() -> None:
    from backproof import cli  # noqa: PLC0415 - it loads every library
    from backproof_impl.launch import collect_rarely  # noqa: PLC0415 - likewise

    collect_rarely()
    cli.main()


def _say(text: str) -> None:
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
