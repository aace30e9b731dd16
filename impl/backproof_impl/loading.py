"""Loading a target: from a file, a module, an object, a dict, or by the name of a built-in adapter."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from backproof_impl.adapters import ADAPTERS
from backproof_impl.calling import described
from backproof_impl.conventions import Conventions, Unloadable, UsageError
from backproof_impl.target import FUNCTIONS, Signatures, Target
from backproof_impl.wrapping.differentiable import Differentiable

_NONE: Signatures = {}


def as_target(source: Any, conventions: Conventions | None = None, further: Signatures = _NONE) -> Target:
    """The target that ``source`` is or names; ``further``: what it may offer beside ``FUNCTIONS``.

    A path (``my_layers.py``), ``package.module[:object]``, a built-in adapter's ``name[:variant]``, or a module, object
    or dict. What is called ``TARGET`` in it and offers functions is the target, under its own declaration or else that
    of the whole.
    Raises ``UsageError`` when nothing can be loaded, or no function is found in it.
    """
    table = {**further, **FUNCTIONS}
    if isinstance(source, Target):
        target = source
    elif isinstance(source, str | Path):
        target = _restartable(str(source), _of_object(str(source), _load(str(source)), table), table)
    else:
        name = getattr(source, "__name__", "dict" if isinstance(source, Mapping) else type(source).__name__)
        target = _of_object(str(name), source, table)
    return target if conventions is None else replace(target, conventions=conventions)


def _restartable(source: str, target: Target, table: Signatures) -> Target:
    """A target that is a file's: running the file again is its beginning."""
    if not source.partition(":")[0].endswith(".py"):
        return target
    functions = dict(target.functions)
    return replace(
        target,
        functions=functions,
        restart=lambda: functions.update(_of_object(source, _load(source), table).functions),
    )


def _of_object(name: str, found: Any, table: Signatures) -> Target:
    if isinstance(found, Target):
        return replace(found, name=name)
    offered = _offered(found, table)
    named = offered.get(_NAMED)
    if isinstance(named, Target) or _functions(_offered(named, table), table):
        target = _of_object(f"{name}:{_NAMED}", named, table)
        own = isinstance(named, Target) or _offered(named, table).get("CONVENTIONS") is not None
        return target if own else replace(target, conventions=_conventions(name, offered))
    functions = _functions(offered, table)
    if not functions:
        msg = f"target {name}: none of its names is a function that can be checked; looked for {', '.join(table)}"
        raise UsageError(msg)
    conventions = _conventions(name, offered)
    for each in {f.adapter: f for f in functions.values() if isinstance(f, Differentiable)}.values():
        conventions = each.declared(conventions)
    asked = {each: row.of(functions[each]) for each, row in table.items() if row.own and each in functions}
    return Target(name, functions, conventions, signatures={**table, **asked})


_NAMED = "TARGET"
"""What a file calls the object in it that is the target, where its own functions are not."""


def _offered(found: Any, table: Signatures) -> Mapping[str, Any]:
    if isinstance(found, Mapping):
        return found
    return {key: getattr(found, key, None) for key in (*table, "CONVENTIONS", _NAMED)}


def _functions(offered: Mapping[str, Any], table: Signatures) -> dict[str, Any]:
    found = {key: offered[key] for key in table if callable(offered.get(key))}
    for key, each in [*found.items()]:
        backward = table.get(f"{key}_vjp")
        if isinstance(each, Differentiable) and backward:
            found.setdefault(f"{key}_vjp", each.vjp(table[key].arguments, backward.outputs))
    return found


def _conventions(name: str, offered: Mapping[str, Any]) -> Conventions:
    declared = offered.get("CONVENTIONS")
    conventions = Conventions() if declared is None else declared
    if not isinstance(conventions, Conventions):
        msg = f"target {name}: CONVENTIONS is {type(conventions).__name__}, expected backproof.Conventions(...)"
        raise UsageError(msg)
    return conventions


def _load(source: str) -> Any:
    """The object that a path, a dotted name or an adapter's name stands for."""
    name, colon, attribute = source.partition(":")
    if name in ADAPTERS:
        return _load_adapter(source, name, attribute if colon else None)
    if name.endswith(".py") or os.path.exists(source):  # noqa: PTH110 - unlike Path's, true of no name that is too long
        path = Path(name if name.endswith(".py") else source)
        return _attribute(source, _load_file(path), attribute if name.endswith(".py") else "")
    return _attribute(source, _load_module(source, name), attribute)


def _load_adapter(source: str, name: str, variant: str | None) -> Any:
    """The target of a built-in adapter, or one of its variants."""
    adapter = ADAPTERS[name]
    if variant is not None and variant not in adapter.variants:
        known = f"expected one of {', '.join(adapter.variants)}" if adapter.variants else "it has none"
        msg = f"target {source}: {name} has no variant {variant!r}; {known}"
        raise UsageError(msg)
    if importlib.util.find_spec(adapter.package) is None:
        msg = f"target {source} needs {adapter.package}: pip install 'backproof[{adapter.extra}]'"
        raise Unloadable(msg)
    module_name, _, attribute = adapter.source.partition(":")
    module = _load_module(source, module_name)
    return _attribute(source, module, attribute) if variant is None else module.VARIANTS[variant]


def _load_file(path: Path) -> Any:
    if path.is_dir():
        msg = f"target {path}: is a folder, expected a Python file"
        raise UsageError(msg)
    if not path.is_file():
        known = ", ".join(ADAPTERS)
        msg = f"target {path}: no such file; expected a Python file, package.module[:object] or one of {known}"
        raise UsageError(msg)
    name = f"_backproof_target_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        msg = f"target {path}: not a Python file; expected one whose name ends in .py"
        raise UsageError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling look a module up by its name
    _importable_from(path.parent)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _raised(str(path), error) from error
    return module


def _importable_from(folder: Path) -> None:
    """Let a target import what stands beside it, as a script may."""
    if str(folder.resolve()) not in sys.path:
        sys.path.append(str(folder.resolve()))


def _raised(source: str, error: BaseException) -> UsageError:
    if isinstance(error, UsageError):  # what it declares cannot be
        return Unloadable(str(error))
    return Unloadable(f"target {source}: importing it raised {described(error)}; {_next_step(source, error)}")


def _next_step(source: str, error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"install what provides {error.name}, or name its folder in PYTHONPATH"
    if isinstance(error, SystemExit | EOFError):
        return "what only a script does belongs under if __name__ == '__main__':"
    shows = f"python {source}" if source.endswith(".py") else f"python -c 'import {source.partition(':')[0]}'"
    return f"{shows} shows where"


def _load_module(source: str, module_name: str) -> Any:
    if not all(part.isidentifier() for part in module_name.split(".")):
        msg = f"target {source!r} is not a path or a module's name; expected my_layers.py or package.module[:object]"
        raise UsageError(msg)
    _importable_from(Path())
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and not f"{module_name}.".startswith(f"{error.name}."):
            raise _raised(source, error) from None
        msg = (
            f"target {source}: no module named {module_name!r}; expected a Python file, package.module[:object] "
            f"or one of {', '.join(ADAPTERS)}"
        )
        raise UsageError(msg) from None
    except (Exception, SystemExit) as error:
        raise _raised(source, error) from error


def _attribute(source: str, module: Any, attribute: str) -> Any:
    found = module
    for part in attribute.split(".") if attribute else []:
        if not hasattr(found, part):
            msg = f"target {source}: {getattr(found, '__name__', type(found).__name__)} has no attribute {part!r}"
            raise UsageError(msg)
        found = getattr(found, part)
    return found
