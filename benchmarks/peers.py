"""What a verdict costs: Backproof beside PyTorch's gradcheck (slow and fast) and JAX's check_grads, in one process.

All check the same functions, PyTorch's (or JAX's) own in float64, at the same inputs. Backproof's verdict is on every
entry of the value and of all gradients, each against its rounding bound; gradcheck's slow mode compares every entry of
the Jacobian with differences, its fast mode and check_grads one random direction. The calls alternate. Shown are
medians of ratios, below 1 where Backproof is faster, and the ratio to the function's own forward and backward pass.

    pip install 'backproof[pytorch,jax]'
    python benchmarks/peers.py --markdown
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table

from backproof_properties.computed import claimed
from backproof_properties.filter import Fast, certainly
from backproof_spec import library
from backproof_spec.language.reverse import derived, swept
from backproof_spec.rounding.formats import Arithmetic

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproof_spec.language.syntax import Gradient

FLOAT64 = Arithmetic.of("float64")
SLOW = 3_000
"""Beyond so many entries of inputs and outputs together gradcheck's slow mode is left out: it takes minutes."""


@dataclass(frozen=True)
class Peer:
    """An operation in a file, the library's function of the same arguments, and its shapes from small to large."""

    function: Callable[..., Any]
    shapes: Callable[[int], tuple[tuple[int, ...], ...]]
    sizes: tuple[int, ...]


PEERS = {
    "linear": Peer(
        lambda W, Y, b: W @ Y + b[:, None], lambda n: ((n, n), (n, n // 2), (n,)), (4, 16, 64, 128, 512, 1024)
    ),
    "softmax_cross_entropy": Peer(
        lambda Z, P: -(P * torch.log_softmax(Z, 0)).sum(), lambda n: ((n, n), (n, n)), (4, 16, 64)
    ),
    "layer_norm": Peer(
        lambda X, g, b: F.layer_norm(X, (X.shape[1],), g, b, 1e-5),
        lambda n: ((n, n), (n,), (n,)),
        (4, 16, 64, 256),
    ),
    "causal_attention": Peer(
        lambda Q, K, V: F.scaled_dot_product_attention(Q[None], K[None], V[None], is_causal=True)[0],
        lambda n: ((n, n),) * 3,
        (4, 16, 48),
    ),
    "conv2d": Peer(
        F.conv2d,
        lambda n: ((2, 3, n, n), (4, 3, 3, 3), (4,)),
        (4, 8, 12),
    ),
    "mlp_block": Peer(
        lambda X, W, b, V, d, g, e: F.layer_norm(
            X + F.linear(F.gelu(F.linear(X, W, b)), V, d), (X.shape[1],), g, e, 1e-5
        ),
        lambda n: ((n, n), (n, n), (n,), (n, n), (n,), (n,), (n,)),
        (4, 16, 32),
    ),
}


class Verdict:
    """Backproof's: every entry of the value and of all gradients."""

    def __init__(self, name: str, peer: Peer, case: dict[str, Any]) -> None:
        """Read once, as in a run."""
        given = library.operation(name)
        self.operation, self.sweep = derived(given), swept(given)
        self.case = case | {each.name: Fraction(float(each.choices[0])) for each in self.operation.parameters}
        self.function, self.names = peer.function, [each.name for each in self.operation.arguments]

    def __call__(self) -> None:
        """Raises where something is not certain: what is measured is the fast way."""
        value, gradients = passes(self)
        formulas, sweep = (Fast(each, self.case, FLOAT64) for each in (self.operation, self.sweep))
        judged = [certainly(value, lambda: formulas.tensor(self.operation.outputs[0]))]
        for one, other in self.ways:
            if one.name in gradients:
                bounds = [of.field(claimed(each), each.indices) for of, each in ((formulas, one), (sweep, other))]
                judged.append(certainly(gradients[one.name], lambda bounds=bounds: bounds[0].either(bounds[1])))
        if None in judged:
            msg = f"{self.operation.name}: not certain: {[each is not None for each in judged]}"
            raise ArithmeticError(msg)

    @property
    def ways(self) -> list[tuple[Gradient, Gradient]]:
        """Each gradient by its formula, and by the reverse sweep."""
        others = {each.name: each for each in self.sweep.gradients}
        return [(each, others[each.name]) for each in self.operation.gradients]


def passes(verdict: Verdict) -> tuple[Any, dict[str, Any]]:
    """The value, and the gradients by the differentiated arguments."""
    wanted = {each.name for each in verdict.operation.differentiated}
    tensors = [torch.from_numpy(verdict.case[name]).requires_grad_(name in wanted) for name in verdict.names]
    value = verdict.function(*tensors)
    cotangent = torch.from_numpy(np.asarray(verdict.case[next(iter(verdict.operation.cotangents))]))
    found = torch.autograd.grad(value, [t for t in tensors if t.requires_grad], cotangent.reshape(value.shape))
    names = [name for name, t in zip(verdict.names, tensors, strict=True) if t.requires_grad]
    return value.detach().numpy(), {name: t.numpy() for name, t in zip(names, found, strict=True)}


def inputs(name: str, shapes: tuple[tuple[int, ...], ...], rng: np.random.Generator) -> dict[str, Any]:
    """Ordinary numbers; labels are distributions."""
    operation = library.operation(name)
    case = {each.name: rng.normal(size=shape) for each, shape in zip(operation.arguments, shapes, strict=True)}
    if name == "softmax_cross_entropy":
        case["P"] = np.abs(case["P"]) / np.abs(case["P"]).sum(axis=0)
    tensors = [torch.from_numpy(A) for A in case.values()]
    value = PEERS[name].function(*tensors)
    return case | {dY: rng.normal(size=tuple(value.shape)) for dY in operation.cotangents}


def _gradcheck(verdict: Verdict, *, fast: bool) -> Callable[[], Any]:
    wanted = {each.name for each in verdict.operation.differentiated}
    tensors = tuple(torch.from_numpy(verdict.case[n].copy()).requires_grad_(n in wanted) for n in verdict.names)
    return lambda: torch.autograd.gradcheck(verdict.function, tensors, fast_mode=fast)


def _jax(name: str, verdict: Verdict) -> Callable[[], Any] | None:
    if find_spec("jax") is None:
        return None
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    check_grads = import_module("jax.test_util").check_grads
    jax.config.update("jax_enable_x64", True)  # noqa: FBT003 - JAX's interface
    functions: dict[str, Callable[..., Any]] = {
        "linear": lambda W, Y, b: W @ Y + b[:, None],
        "softmax_cross_entropy": lambda Z, P: -(P * jax.nn.log_softmax(Z, 0)).sum(),
        "layer_norm": lambda X, g, b: g * (X - X.mean(1, keepdims=True)) / jnp.sqrt(X.var(1, keepdims=True) + 1e-5) + b,
    }
    if name not in functions:
        return None
    arrays = tuple(jnp.asarray(verdict.case[n]) for n in verdict.names)
    return lambda: check_grads(functions[name], arrays, order=1, modes=["rev"], atol=1e-4, rtol=1e-4)


def _seconds(of: Callable[[], Any]) -> float:
    start = time.perf_counter()
    of()
    return time.perf_counter() - start


def measured(name: str, size: int, rounds: int) -> list[str]:
    """A row: ratios to each peer, medians over alternating calls."""
    peer, rng = PEERS[name], np.random.default_rng(size)
    case = inputs(name, peer.shapes(size), rng)
    verdict = Verdict(name, peer, case)
    entries = sum(np.size(A) for A in case.values())
    against: dict[str, Callable[[], Any] | None] = {
        "slow": _gradcheck(verdict, fast=False) if entries <= SLOW else None,
        "fast": _gradcheck(verdict, fast=True),
        "jax": _jax(name, verdict),
        "own": lambda: passes(verdict),
    }
    ratios: dict[str, list[float]] = {key: [] for key in against}
    verdict()
    for of in against.values():
        if of is not None:
            of()
    for _ in range(rounds):
        for key, of in against.items():
            if of is not None:
                ratios[key].append(_seconds(verdict) / _seconds(of))
    shapes = " ".join(str(shape).replace(" ", "") for shape in peer.shapes(size)[:2])
    return [name, shapes, *(f"{statistics.median(found):.2g}" if found else "—" for found in ratios.values())]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("names", nargs="*", default=[*PEERS])
    options = parser.parse_args()
    torch.set_num_threads(1)
    columns = ("operation", "shapes", "gradcheck slow", "gradcheck fast", "check_grads", "forward and backward")
    rows = [measured(name, size, options.rounds) for name in options.names for size in PEERS[name].sizes]
    if options.markdown:
        lines = [columns, ["---"] * len(columns), *rows]
        print("\n".join("| " + " | ".join(line) + " |" for line in lines))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
