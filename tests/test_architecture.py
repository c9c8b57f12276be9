"""The house's arrows, read from the syntax trees: who may import whom, and when."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("api", "db", "encoder", "index", "scripts")
ALLOWED = {
    "api": {"index", "encoder"},
    "index": {"encoder", "db"},
    "scripts": {"index", "encoder"},
    "encoder": set(),
    "db": set(),
}
# Library -> the paths below which alone it may be imported.
ONLY = {
    "faiss": ("index/stores/faiss",),
    "hnswlib": ("index/benchmark/",),
    "pymilvus": ("index/stores/milvus",),
    "psycopg": ("db/",),
    "sqlalchemy": ("db/",),
    "alembic": ("db/",),
    "flask": ("api/",),
    "torch": ("encoder/training/",),
    "timm": ("encoder/training/",),
    "onnxruntime": ("encoder/",),
    "fontTools": ("encoder/",),
    "playwright": (
        "encoder/",
        "scripts/browsing.py",
        "scripts/paints.py",
        "scripts/screens.py",
    ),
    "ots": ("encoder/sanitize.py",),
    "rapidocr": ("encoder/reading.py",),
    "rich": ("scripts/",),
    "shtab": ("scripts/",),
    "pickle": (),
    "usearch": ("index/benchmark/",),
}
MAX_SCRIPT = 60
MAX_FUNCTION = 60
# Calls that make something costly or alive.
MAKERS = (
    "create_app",
    "create_engine",
    "Embedder",
    "Flask",
    "FontCatalog",
    "from_environment",
    "from_files",
    "InferenceSession",
    "open_catalog",
    "open_database",
    "Session",
    "sessionmaker",
)


def modules() -> list[Path]:
    """Every Python file of the five packages."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    """The path below the root, as the tables above write it."""
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(), str(path))


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in the tree, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the arrows"
            yield node.module or ""


def at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """Every call that runs when the module is imported: not those inside functions."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Call):
            yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [*getattr(node, "decorator_list", []), *node.args.defaults]
        else:
            waiting += ast.iter_child_nodes(node)


def called(call: ast.Call) -> str:
    """The last part of what is called: `a.b.c()` gives "c"."""
    return ast.unparse(call.func).rsplit(".", 1)[-1]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_arrows(path: Path) -> None:
    """A package imports only the packages that the house allows it."""
    package = path.relative_to(ROOT).parts[0]
    used = {name.split(".")[0] for name in imports(tree_of(path))} & set(PACKAGES)
    assert used - {package} <= ALLOWED[package]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_libraries_have_one_home(path: Path) -> None:
    """FAISS, SQLAlchemy, Flask, torch and the like are imported in their own place only."""
    used = {name.split(".")[0] for name in imports(tree_of(path))} & set(ONLY)
    strangers = [name for name in used if not name_of(path).startswith(ONLY[name] or ("-",))]
    assert strangers == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_is_made_at_import(path: Path) -> None:
    """No engine, session, model, catalogue or app comes to be when a module is imported."""
    made = [called(call) for call in at_import(tree_of(path)) if called(call) in MAKERS]
    assert made == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_function_is_too_long(path: Path) -> None:
    """No function has more than 60 lines."""
    functions = [
        node
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [f.name for f in functions if (f.end_lineno or 0) - f.lineno + 1 > MAX_FUNCTION]
    assert long == []


@pytest.mark.parametrize("path", sorted((ROOT / "scripts").glob("*.py")), ids=name_of)
def test_scripts_are_short(path: Path) -> None:
    """A command parses, calls and prints: at most 60 lines."""
    assert len(path.read_text().splitlines()) <= MAX_SCRIPT


def test_only_scripts_and_tests_print() -> None:
    """Libraries return, raise or log."""
    printing = [
        name_of(path)
        for path in modules()
        if not name_of(path).startswith("scripts/")
        and any(
            isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
            for node in ast.walk(tree_of(path))
        )
    ]
    assert printing == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("engine = create_engine('x')", ["create_engine"]),
        ("class A:\n    app = flask.Flask(__name__)", ["Flask"]),
        ("def f(e=Embedder.from_files('x')): ...", ["from_files"]),
        ("def f():\n    return create_engine('x')", []),
        ("if __name__ == '__main__':\n    create_app()", []),
    ],
)
def test_the_import_check_sees_what_it_must(source: str, expected: list[str]) -> None:
    """The check itself: calls at module, class and default level count, others do not."""
    calls = [called(call) for call in at_import(ast.parse(source)) if called(call) in MAKERS]
    assert calls == expected
