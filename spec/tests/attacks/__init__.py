"""What the kernel has to refuse: design §7.4.

Every attack is refused by the guard it names, and its twin, the same thing done rightly, is not: ``test_attacks``. Each
guard is needed, since without it an attack gets further: ``test_guards``.
"""

from attacks.host_language import HOST_LANGUAGE
from attacks.indices import INDICES
from attacks.made_of import declared
from attacks.mathematics import MATHEMATICS
from attacks.shapes import SHAPES
from backproof_spec.calculus.terms import Refused

ATTACKS = {**INDICES, **MATHEMATICS, **HOST_LANGUAGE, **SHAPES}
"""{name: (what refuses it, attack, twin)}."""


def refusal(attack):
    """What refuses an attack: the name of a guard, or the class of another exception; None where nothing does."""
    try:
        attack(declared())
    except Refused as refused:
        return refused.guard
    except Exception as error:  # noqa: BLE001 - whatever it is is compared
        return type(error)
    return None
