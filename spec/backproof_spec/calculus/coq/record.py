"""What Coq said, kept in spec/coq/checked.json, so that a report can show it where there is no Coq.

    python -m backproof_spec.calculus.coq.record    give all theorems to Coq, and write the record anew

The record of a theorem is shown only as long as its proof and the prelude are what Coq was given: their digests say so.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from backproof_spec.calculus.coq.check import (
    PRELUDE,
    Checked,
    Judgement,
    Unavailable,
    check,
    source,
    theory,
    theory_folder,
)
from backproof_spec.calculus.coq.export import Exported, exports
from backproof_spec.calculus.derivation import proof_file
from backproof_spec.calculus.theorems import THEOREMS

NAME = "checked.json"


def record(checked: Checked, files: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of what Coq said of proof files, by their stems, and of the theory."""
    exported = {stem: each.text for stem, each in exports(files.values()).items() if isinstance(each, Exported)}
    given, proofs = {**theory(), **exported}, {stem: {"proof": _proof(data)} for stem, data in files.items()}
    return {
        "generated": "by python -m backproof_spec.calculus.coq.record",
        "coq": checked.coq,
        "prelude": _digest(given[PRELUDE]),
        "accepted": {
            name: {**proofs.get(name, {}), "coq": _digest(given[name]), "axioms": list(each.axioms)}
            for name, each in {**checked.by_hand, **checked.exported}.items()
        },
    }


def recorded(files: Mapping[str, Any]) -> dict[str, Judgement]:
    """What Coq said of exactly these proofs over exactly this prelude; nothing of those of which it was not asked."""
    kept, found = _kept(), {}
    for stem, data in files.items():
        entry = kept["accepted"].get(stem)
        if entry is not None and entry.get("proof") == _proof(data):
            found[stem] = Judgement(kept["coq"], tuple(entry["axioms"]))
    return found


@cache
def _kept() -> dict[str, Any]:
    """The record, if it is of this prelude."""
    path = theory_folder() / NAME
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found if found.get("prelude") == _digest(source(PRELUDE)) else {"accepted": {}}


def _proof(data: Any) -> str:
    """The digest of what is proved and how; the words and the title are not Coq's matter."""
    return _digest(json.dumps([data[key] for key in ("declarations", "steps", "statement")]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> int:
    """Write the record, if Coq accepts everything."""
    files = {stem: proof_file(derive()) for stem, derive in THEOREMS.items()}
    try:
        checked = check(exports(files.values()))
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
    sys.exit(main())
