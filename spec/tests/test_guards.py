"""Each guard of the kernel is needed: without it, or without anything that it looks at, an attack gets further."""

import ast
import copy
import functools
import inspect
from collections import defaultdict

import pytest
from attacks import ATTACKS, refusal

from backproof_spec.calculus import kernel, terms

CHECKS = {
    "require", "check", "check_dims", "check_places", "check_parameters", "check_fact",
    "_plain", "_arbitrary", "_check_value",
}  # fmt: skip
"""What refuses, and returns nothing."""
TAKES = {"_facts", "_take", "_sum_of"}
"""What refuses, and returns what it has looked at."""


def first_line(function):
    """Of a definition, its decorators included, as its code has it."""
    return min(node.lineno for node in (function, *function.decorator_list))


def living():
    """The functions of the kernel, by module and first line. A rule stands behind ``applied``, one for each."""
    found = defaultdict(list)
    for module in (terms, kernel):
        classes = [each for each in vars(module).values() if inspect.isclass(each)]
        members = [getattr(member, "fget", member) for each in classes for member in vars(each).values()]
        functions = [each for each in (*vars(module).values(), *members) if inspect.isfunction(each)]
        for each in functions:
            if each.__module__ == module.__name__:
                for function in filter(inspect.isfunction, (each, *inspect.getclosurevars(each).nonlocals.values())):
                    found[module, function.__code__.co_firstlineno].append(function)
    return found


LIVING = living()
NAMED = {function.__name__: function for functions in LIVING.values() for function in functions}


def definitions():
    """(module, the definition that is compiled, the one in it that lives) of each function of the kernel."""
    for module in (terms, kernel):
        top = ast.parse(inspect.getsource(module)).body
        for outer in (*top, *(each for node in top if isinstance(node, ast.ClassDef) for each in node.body)):
            if isinstance(outer, ast.FunctionDef):
                inner = [node for node in ast.walk(outer) if isinstance(node, ast.FunctionDef)]
                yield module, outer, [node for node in inner if (module, first_line(node)) in LIVING][-1]


def recompiled(module, outer, function, place, new):
    """The code of ``function`` with ``new`` in a place, which is (node, field, number in it)."""
    node, field, number = place
    old = getattr(node, field)
    setattr(node, field, new if number is None else [*old[:number], new, *old[number + 1 :]])
    codes = [compile(ast.fix_missing_locations(ast.Module([outer], [])), module.__file__, "exec")]
    setattr(node, field, old)
    for code in codes:
        if code.co_name == function.name and code.co_firstlineno == first_line(function):
            return code
        codes += filter(inspect.iscode, code.co_consts)
    raise AssertionError(function.name)


def places(function):
    """Where every node in a function stands: {node: (parent, field, number in it)}."""
    found = {}
    for node in ast.walk(function):
        for field, value in ast.iter_fields(node):
            several = isinstance(value, list)
            for number, child in enumerate(value if several else [value]):
                if isinstance(child, ast.AST):
                    found[child] = node, field, number if several else None
    return found


def called(node, among):
    """The name of the function that a node calls, where it is among these."""
    name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
    return name if name in among else None


def distinct(name, among):
    """The name, with a number where it is taken."""
    same = sum(each.partition(" #")[0] == name for each in among)
    return f"{name} #{same + 1}" if same else name


def guards():
    """The guards: {id: (where the function lives, its code without the guard, the name of the guard if it is one)}.

    What is given to a guard is computed all the same.
    """
    found = {}
    for module, outer, function in definitions():
        for node, place in places(function).items():
            if isinstance(node, ast.Expr) and called(node.value, CHECKS):
                guard = node.value.args[0].value if called(node.value, {"require"}) else None
                name = distinct(f"{function.name}: {guard or node.value.func.id}", found)
                code = recompiled(module, outer, function, place, ast.Expr(ast.Tuple(node.value.args, ast.Load())))
                found[name] = (module, first_line(function)), code, guard
    return found


GUARDS = guards()
BACKED = {"check_parameters: _plain": TypeError, "_take: premise": ValueError}
"""Where something else fails without the guard: 0 has no last part, another judgement another number of parts."""


def instead(monkeypatch, where, code):
    """Let the functions that live there run other code."""
    for function in LIVING[where]:
        monkeypatch.setattr(function, "__code__", code)


def test_every_guard_has_an_attack():
    assert {guard for *_, guard in GUARDS.values()} - {None} == {by for by, _, _ in ATTACKS.values() if type(by) is str}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", GUARDS)
def test_without_a_guard_an_attack_succeeds(name, monkeypatch):
    where, code, guard = GUARDS[name]
    instead(monkeypatch, where, code)
    left = {refusal(attack) for by, attack, _ in ATTACKS.values() if by == guard or (guard is None and type(by) is str)}
    assert BACKED.get(name) in left
    assert (None in left) == (name not in BACKED)


BINDS = ast.Assign | ast.AnnAssign | ast.For


def looked_at(function):
    """What the guards in a function look at, and what that is computed from."""
    given = [pair for node in ast.walk(function) if isinstance(node, BINDS) for pair in bindings(node)]
    left = [node for node in ast.walk(function) if called(node, CHECKS | TAKES)]
    left = [node.args[1] if called(node, {"require"}) else node for node in left]
    found = {}
    while left:
        node = left.pop()
        if node not in found:
            found[node] = None
            left += ast.iter_child_nodes(node)
            left += [value for names, value in given if isinstance(node, ast.Name) and node.id in names]
    return found


def bindings(node):
    """(names, what they are given) of an assignment or a loop; each name its own where both sides are written out."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    both = target, node.iter if isinstance(node, ast.For) else node.value
    pairs = zip(target.elts, both[1].elts, strict=True) if all(isinstance(each, ast.Tuple) for each in both) else [both]
    for to, what in pairs:
        yield {each.id for each in ast.walk(to) if isinstance(each, ast.Name)}, what


def within(function):
    """All that a function computes."""
    left = list(function.body)
    for node in left:
        left += [each for each in ast.iter_child_nodes(node) if each is not getattr(node, "annotation", None)]
    return left


def operands():
    """[(module, outer, function, nodes)]: what the guards of a function look at, and all of a function that is asked.

    Asked are those called there, and those that they call, as far as they make no formula: what a rule gives is held
    against what it has to give in ``test_kernel``.
    """
    found = {function.name: (module, outer, function, looked_at(function)) for module, outer, function in definitions()}
    left = [node for *_, nodes in found.values() for node in nodes if isinstance(node, ast.Call)]
    asked = set()
    for node in left:
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        if name in found.keys() - asked - CHECKS - TAKES:
            asked.add(name)
            _, _, function, nodes = found[name]
            if ast.unparse(function.returns) not in {"Formula", "Any", "Theorem"}:
                nodes.update(dict.fromkeys(within(function)))
                left += [each for each in nodes if isinstance(each, ast.Call)]
    return list(found.values())


def without_one(node):
    """(what is left out, the rest) for everything that an expression is still one without."""
    match node:
        case ast.BoolOp(values=several):
            for each in several:
                first, *others = (other for other in several if other is not each)
                yield each, but(node, values=[first, *others]) if others else first
        case ast.Compare(left, [first, *others, last], several):
            yield left, ast.Compare(several[0], [*others, last], several[1:])
            yield several[-1], ast.Compare(left, [first, *others], several[:-1])
        case ast.BinOp(one, ast.BitOr() | ast.BitAnd() | ast.Add(), other) | ast.IfExp(_, one, other):
            yield one, other
            yield other, one
        case ast.BinOp(one, ast.Sub(), other):
            yield other, one
        case ast.GeneratorExp(generators=several) | ast.DictComp(generators=several):
            for each in several:
                for condition in each.ifs:
                    rest = but(each, ifs=[other for other in each.ifs if other is not condition])
                    yield condition, but(node, generators=[rest if other is each else other for other in several])
        case _:
            yield from without_an_element(node)


def without_an_element(node):
    """The same of what is listed. A tuple that starts with a string is a formula, and one thing."""
    match node:
        case ast.Tuple([ast.Constant(), *_]):
            pass
        case ast.Tuple(several) | ast.List(several) | ast.Set(several):
            for each in several:
                yield each, but(node, elts=[other for other in several if other is not each])
        case ast.Call(function, several):
            for number, each in enumerate(several):
                if isinstance(each, ast.Starred) or number >= needed(node):
                    yield each, but(node, args=[other for other in several if other is not each])
            if len(several) == 1 and not isinstance(several[0], ast.Starred) and not called(node, CHECKS | TAKES):
                yield function, several[0]  # what it is applied to


def but(node, **fields):
    """The same with other fields."""
    new = copy.copy(node)
    for field, value in fields.items():
        setattr(new, field, value)
    return new


def needed(call):
    """How many arguments a function of the kernel has to be given; of another function, all."""
    if not called(call, NAMED):
        return len(call.args)
    parameters = inspect.signature(NAMED[call.func.id]).parameters.values()
    return sum(each.default is each.empty and each.kind != each.VAR_POSITIONAL for each in parameters)


def mutants():
    """The guards without one operand: {id: (where the function lives, its code without it, out of what it is left)}."""
    found = {}
    for module, outer, function, nodes in operands():
        source, stands = inspect.getsource(module), places(function)
        expressions = [each for each in nodes if isinstance(each, ast.expr) and each in stands]
        for node in sorted(expressions, key=lambda each: (each.lineno, each.col_offset, -each.end_col_offset)):
            if not isinstance(getattr(node, "ctx", None), ast.Store):
                for gone, rest in without_one(node):
                    code = recompiled(module, outer, function, stands[node], rest)
                    name = distinct(f"{function.name} without {segment(source, gone)}", found)
                    found[name] = (module, first_line(function)), code, segment(source, node)
    return found


@functools.cache
def encoded(source):
    """Its lines as bytes, which columns of a node count: ast would split them anew for each."""
    return source.encode().splitlines(keepends=True)


def segment(source, node):
    """An expression as it is written, on one line."""
    lines = encoded(source)[node.lineno - 1 : node.end_lineno]
    lines[-1] = lines[-1][: node.end_col_offset]
    lines[0] = lines[0][node.col_offset :]
    return " ".join(b"".join(lines).decode().split())


MUTANTS = mutants()
ZIPPED = "where the numbers differ, zip(strict=True) raises ValueError"
THREE_PARTS = "no judgement but an equation has three parts to unpack"
FIVE_PARTS = "no judgement but a derivative has five parts to unpack"
NO_VARIABLE = "a map is no variable and has no definition, and only variables are looked for"
EQUAL = "1 equals Fraction(1), and 0 + q is q"
NO_PLACE = "with nothing to put for the index, what depends on it has none: IndexError"
A_BOOL = "formulas, names and numbers that have been checked compare to a bool"
REDUNDANT = {
    "_plain without len(value) > 0": "() has no first part: IndexError",
    "check_places without len(places) == len(dims)": ZIPPED,
    "check_places without len(bound)": "a bound index too high is not in the list of binders: IndexError",
    'names without "map"': NO_VARIABLE,
    'names without "slope"': NO_VARIABLE,
    'names without "deriv"': "what a derivative is taken by is a variable, and hides no other",
    "kind without name in self._declared": "what is not declared is not in the table: KeyError",
    "depends without frozenset": "a set answers the same",
    "polynomial without Fraction": EQUAL,
    "polynomial without Fraction #2": EQUAL,
    "polynomial without tuple": "the terms are gone through once",
    "_facts without theorem in _ISSUED": "what is not issued is not in the table: KeyError",
    "scheme without name in SCHEMES": "a scheme that is none is not in the table: KeyError",
    "_applied without len(premises) == len(patterns)": ZIPPED,
    "_applied without len(terms) == len(missing)": ZIPPED,
    "_applied without pattern[0]": "the pattern is then matched, and that starts with its operator",
    "_matches without len(pattern) == len(formula)": "an operator has one number of parts",
    "_matches without bool": A_BOOL,
    "_matches without bool #2": A_BOOL,
    'cong_map without "eq"': THREE_PARTS,
    'cong_map without like[0] in {"map", "slope"}': "no other term has five parts, of which the last two are compared",
    'specialise without judgement[0] == "deriv"': "the first part of any other judgement is a term, and no name",
    'sum_factor without ("index", "i", dim)': NO_PLACE,
    'sum_constant without ("index", "i", dim)': NO_PLACE,
    'pos_number without a[0] == "num"': "the first part of any other term has no order with 0: TypeError",
    'd_chain without "deriv"': FIVE_PARTS,
    'd_chain without "deriv" #2': FIVE_PARTS,
    'd_function without "eq"': THREE_PARTS,
    'd_function without "deriv"': FIVE_PARTS,
}
"""What a guard can do without, and why nothing gets further then."""


def noticed():
    """Does an attack succeed, or a twin fail?"""
    tried = [(attack, twin) for by, attack, twin in ATTACKS.values() if type(by) is str]
    return any(refusal(attack) is None for attack, _ in tried) or any(refusal(twin) is not None for _, twin in tried)


def test_of_the_kernel_as_it_is_nothing_is_noticed():
    assert not noticed()


@pytest.mark.no_cover
@pytest.mark.parametrize("name", MUTANTS)
def test_without_an_operand_of_a_guard_an_attack_succeeds_or_a_twin_fails(name, monkeypatch):
    where, code, text = MUTANTS[name]
    instead(monkeypatch, where, code)
    assert noticed() == (name not in REDUNDANT), text


def test_what_is_redundant_is_an_operand_of_a_guard():
    assert REDUNDANT.keys() <= MUTANTS.keys()
