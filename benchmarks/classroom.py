"""A class to grade: thirty submissions, typical mistakes and unusual but right ones; three hang, crash, fill memory.

python benchmarks/classroom.py submissions
backproof grade submissions --seed 1
"""

import argparse
from pathlib import Path

from shared import MISTAKES, UNUSUAL

WRONG = (
    "db_wrong_axis_when_square",
    "gradient_averaged_over_the_batch",
    "bias_forgotten_twice",
    "mask_strict",
    "mask_from_output",
    "softmax_without_shift",
    "softmax_diagonal_only",
    "softmax_of_everything",
    "label_minus_softmax",
    "log_of_softmax_plus_epsilon",
    "loss_from_the_mean",
    "cotangent_masked_in_place",
    "dw_transposed",
    "db_of_every_sample",
    "gradient_accumulated",
    "labels_hardened",
)
OFFERED = ("linear", "relu", "softmax", "softmax_cross_entropy")
"""The exercise: these and their vjps."""
ENDS = {
    "hangs": "import time\n\n\ndef relu(Z):\n    time.sleep(3600)\n",
    "crashes": "import ctypes\n\n\ndef relu(Z):\n    ctypes.string_at(0)\n",
    "fills_memory": "def relu(Z):\n    return [b'x' * 2**26 for _ in range(10**6)]\n",
}
BROKEN = {
    "no_colon": "def relu(Z)\n    return Z\n",
    "asks_for_input": "name = input('your name? ')\n",
    "nothing_done": "def relu(Z):\n    raise NotImplementedError\n",
}


def written(text: str) -> str:
    """A submission: of the reference, or of a changed copy, what the exercise asks for."""
    kept = text.replace("def network_gradients", "def _network").replace("def cross_entropy", "def _cross_entropy")
    before, _, _ = kept.partition("# --- what is defined in files")
    return before


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    wrong = {each.name: each for each in MISTAKES}
    texts = {name: written(wrong[name].source()) for name in WRONG}
    right = [each for each in UNUSUAL if each.dtype == "float64" and not each.slow][: 30 - len(WRONG) - 6]
    texts |= {each.name: written(each.source()) for each in right} | ENDS | BROKEN
    for number, text in enumerate(texts.values(), 1):
        (folder / f"student_{number:02}.py").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
