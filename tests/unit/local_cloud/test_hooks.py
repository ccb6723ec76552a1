"""Every hook into the emulator is in a module for hooks, is still there, and has a contract test."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("ministack.app")
ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted((ROOT / "local_cloud").glob("*hooks*.py"))
OTHERS = sorted(set((ROOT / "local_cloud").rglob("*.py")) - set(MODULES))


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What a module imports of the emulator: the name it has here, and its full name there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ministack":
            for one in node.names:
                yield one.asname or one.name, f"{node.module}.{one.name}"


def touched(tree: ast.AST) -> set[str]:
    """The full names of the emulator's attributes that a module reads, calls or replaces."""
    known = dict(imports(tree))
    found = set(known.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            found.add(f"{known[node.value.id]}.{node.attr}")
    return found


def resolve(name: str) -> object:
    """The emulator's object of that name; AttributeError when it has moved."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise AttributeError(name)


def reaches(function: ast.AST) -> bool:
    """Whether a function of a hooks module touches the emulator, itself or by a helper of the module."""
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    return bool(dict(imports(function))) or any(name.startswith("_") for name in names)


ALL = sorted({name for module in MODULES for name in touched(ast.parse(module.read_text()))})


def test_hooks_are_found() -> None:
    private = [name for name in ALL if name.rpartition(".")[2].startswith("_")]
    assert "ministack.services.eventbridge._invoke_target" in private
    assert len(MODULES) > 1


@pytest.mark.parametrize("name", ALL)
def test_what_is_touched_is_there(name: str) -> None:
    assert resolve(name) is not None


@pytest.mark.parametrize("module", OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_touches_the_emulator(module: Path) -> None:
    assert dict(imports(ast.parse(module.read_text()))) == {}


def named(tree: ast.AST) -> set[str]:
    """Every name that code reads, bare or as an attribute."""
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def functions() -> list[tuple[str, ast.AST]]:
    """The public functions and classes of all modules for hooks."""
    found: list[tuple[str, ast.AST]] = []
    for module in MODULES:
        loaded = importlib.import_module(f"local_cloud.{module.stem}")
        for name, one in vars(loaded).items():
            own = inspect.isfunction(one) or inspect.isclass(one)
            if own and one.__module__ == loaded.__name__ and not name.startswith("_"):
                found.append((name, ast.parse(inspect.getsource(one))))
    return found


def test_every_hook_has_a_contract_test() -> None:
    """What reaches into the emulator is used by a test of a module for hooks, or by a hook that one uses."""
    hooks = functions()
    tests = sorted(Path(__file__).parent.glob("test_*hooks*.py"))
    used = set.union(*(named(ast.parse(test.read_text())) for test in tests if test != Path(__file__)))
    while more := set().union(*(named(tree) for name, tree in hooks if name in used)) - used:
        used |= more
    assert sorted(name for name, tree in hooks if reaches(tree) and name not in used) == []
