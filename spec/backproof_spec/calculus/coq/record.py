"""What Coq said, kept in spec/coq/checked.json, so that a report can show it where there is no Coq.

    python -m backproof_spec.calculus.coq.record            give Coq every theorem of which it has not said so yet
    python -m backproof_spec.calculus.coq.record gelu relu6    and those of these operations in files

Of operations in files those are given that are named, and those that are on record and are not what they were.
It is shown only where all three are those of now: what is exported of a proof and the prelude, by their digests, which
are looked at each time, and the Coq, which has to be one that they are written for.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from backproof_spec.calculus.coq.check import Checked, Judgement, Unavailable, check, installed
from backproof_spec.calculus.coq.export import Exported, exports
from backproof_spec.calculus.coq.theory import PRELUDE, WRITTEN_FOR, source, theory, theory_folder
from backproof_spec.calculus.derivation import proof_file
from backproof_spec.calculus.theorems import THEOREMS
from backproof_spec.proved import every

NAME = "checked.json"


def record(checked: Checked, files: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of what Coq said of proof files, by their stems, and of the theory; and of those on record."""
    given = {**theory(), **_texts(files)}
    said = {**{stem: each for stem, each in recorded(files).items() if each.coq == checked.coq}, **checked.exported}
    return {
        "generated": "by python -m backproof_spec.calculus.coq.record",
        "coq": checked.coq,
        "prelude": _digest(given[PRELUDE]),
        "accepted": {
            name: {"coq": _digest(given[name]), "axioms": list(each.axioms)}
            for name, each in sorted({**checked.by_hand, **said}.items())
        },
    }


def recorded(files: Mapping[str, Any]) -> dict[str, Judgement]:
    """What Coq said of exactly these proofs over exactly this prelude; nothing of those of which it was not asked."""
    kept = _kept()
    accepted = kept["accepted"]
    texts = _texts({stem: data for stem, data in files.items() if stem in accepted})
    same = [stem for stem, text in texts.items() if stem in files and accepted[stem]["coq"] == _digest(text)]
    return {stem: Judgement(kept["coq"], tuple(accepted[stem]["axioms"])) for stem in same}


@cache
def _kept() -> dict[str, Any]:
    """The record, if it is of this prelude, and of a Coq that it is written for."""
    path = theory_folder() / NAME
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"coq": ""}
    line = ".".join(found["coq"].split(".")[:2])
    ours = line in WRITTEN_FOR and found["prelude"] == _digest(source(PRELUDE))
    return found if ours else {"accepted": {}}


def _texts(files: Mapping[str, Any]) -> dict[str, str]:
    """What Coq is given of proof files, where they can be exported."""
    return {stem: each.text for stem, each in exports(files.values()).items() if isinstance(each, Exported)}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main(names: Collection[str]) -> int:
    """Write the record, if Coq accepts everything."""
    kept = {**THEOREMS, **_kept()["accepted"]}
    wanted = {stem for stem in every() if stem in kept or stem.partition(".")[0] in names}
    files = {stem: proof_file(derive()) for stem, derive in every().items() if stem in wanted}
    try:
        known = {stem for stem, each in recorded(files).items() if each.coq == installed()}
        checked = check(exports([data for stem, data in files.items() if stem not in known]))
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 2
    refused = {name: each for name, each in {**checked.exported, **checked.by_hand}.items() if not each.passed}
    for name, each in refused.items():
        print(f"{name}: {each.refusal or each.axioms}", file=sys.stderr)
    if refused:
        return 1
    text = json.dumps(record(checked, files), indent=1) + "\n"
    (theory_folder() / NAME).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
