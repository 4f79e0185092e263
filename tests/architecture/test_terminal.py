"""No text goes to a terminal past the filter of seqnlp/terminal_text.py."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "seqnlp"
DOORS = {"terminal_text.py", "cli/console.py"}
"""The filter, and the consoles that make their texts visible themselves."""
EXEMPT = {
    "tui/app.py": {"Console"},  # into a string, for the log of crashes
    "cli/inputs.py": {"fdopen"},  # standard input, to be read
    "service/__main__.py": {"fdopen"},  # a pipe to the application, whatever its number was
}


def calls_past_the_door(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines with a console of rich, an unfiltered standard stream, or a descriptor of one."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Console" | "rprint" as name)):
                yield node.lineno, name
            case ast.Call(func=ast.Attribute(attr="fdopen"), args=[*_]):
                yield node.lineno, "fdopen"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="write"), args=[ast.Constant(), *_]):
                yield node.lineno, "os.write"
            case ast.Attribute(attr="__stdout__" | "__stderr__" | "unguarded" as name):
                yield node.lineno, name
            case ast.ImportFrom(module="rich", names=names) if any(each.name == "print" for each in names):
                yield node.lineno, "print"
            case ast.Constant(value="/dev/tty" | "/dev/stdout" | "/dev/stderr" as name):
                yield node.lineno, str(name)


def test_nothing_goes_past_the_filter() -> None:
    found = [
        f"{name}:{line}: {what}"
        for file in sorted(PACKAGE.rglob("*.py"))
        if (name := file.relative_to(PACKAGE).as_posix()) not in DOORS
        for line, what in calls_past_the_door(ast.parse(file.read_text()))
        if what not in EXEMPT.get(name, set())
    ]
    assert not found, "\n".join(["use seqnlp.cli.console.SafeConsole, print or typer.echo:", *found])


def test_the_program_puts_the_filter_first() -> None:
    main = next(
        node
        for node in ast.parse((PACKAGE / "cli/app.py").read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    called = [node.func.id for node in ast.walk(main) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert called.index("open_streams") < called.index("guard_streams") < called.index("_run")
