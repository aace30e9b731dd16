"""Values of everything, at which judgements hold or do not: what rules say is compared with it, by other means."""

from declared import FREE, VARIABLES, f
from mpmath import mp

from backproof_spec.calculus.enclosures import softplus
from backproof_spec.calculus.evaluate import Model

DIGITS, H, TINY, SMALL = 120, mp.mpf(10) ** -40, mp.mpf(10) ** -60, mp.mpf(10) ** -20
NOISE = mp.mpf(10) ** -100
"""Between H² and what rounding leaves of 0, such as sin(π), of which roots of roots are more than SMALL."""
VALUES = [mp.mpf(value) / 2 for value in (-3, -2, -1, 0, 0, 1, 2, 2, 4)]


class Unknown(Exception):
    """A value is too large, or too near to 0, to be compared."""


def exponential(a):
    if abs(a) > 12:
        raise Unknown
    return mp.exp(a)


TOTAL = {
    "exp": exponential,
    "softplus": lambda a: mp.log(1 + exponential(a)) if a < 0 else softplus(a),
    "inv": lambda a: 1 / a if abs(a) > TINY else mp.mpf(7),
    "log": lambda a: mp.log(a) if a > TINY else a + 3,
    "sqrt": lambda a: mp.zero if abs(a) < NOISE else mp.sqrt(abs(a)) if a > -TINY else a - 5,
}
"""The operators with some value everywhere, and with nothing within rounding of 0 taken to be anything else."""


class World(Model):
    """Dimensions, values and maps, and which judgements hold of them."""

    @classmethod
    def drawn(cls, theory, random):
        world = cls(theory, {dim: random.choice([0, 1, 1, 2, 2, 3]) for dim in FREE}, {}, {})
        for name, dims in ((tensor.name, tensor.dims) for tensor in VARIABLES):
            world.values[name] = {place: random.choice(VALUES) for place in world.places(dims)}
        world.maps["f"] = {
            place: {k: (random.choice(VALUES), random.choice(VALUES)) for k in world.places(f.inputs)}
            for place in world.places(f.outputs)
        }
        return world

    def sign(self, term, free, bound=()):
        value = self.value(term, free, bound)
        return 0 if abs(value) < TINY else 1 if value > 0 else -1

    def holds(self, judgement, free, bound=()):
        op, *rest = judgement
        if op == "all":
            return all(self.holds(rest[1], free, tuple(reversed(place))) for place in self.places(rest[0]))
        if op == "deriv":
            name, by, e, d = rest
            return self.differentiates(name, tuple(free[index] for index in by), e, d, free)
        a, *b = (self.value(term, free, bound) for term in rest)
        if op == "eq":
            return near(a, *b)
        return bool({"pos": a > TINY, "nonneg": a > -TINY, "nonzero": abs(a) > TINY}[op])

    def differentiates(self, name, place, e, d, free):
        """Is d the limit of the difference quotients from above and from below?"""
        here, wanted = self.value(e, free), self.value(d, free)
        for h in (H, -H):
            with self.moved(name, place, h):
                there = self.value(e, free)
            if not near((there - here) / h, wanted):
                return False
        return True


def near(a, b):
    return bool(abs(a - b) <= SMALL * max(abs(a), abs(b), 1))
