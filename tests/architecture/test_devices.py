"""Devices have three doors: `Batch.to`, `to_numpy` and `generator`; nothing else names a device or leaves torch."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "seqnlp"
DOOR = "nn/device.py"
DEVICES = {"cpu", "cuda"}
LEAVES_TORCH = {"numpy", *DEVICES}


def named(source: str) -> Iterator[str]:
    """The devices that a module names, and its own ways from torch to numpy."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and node.value in DEVICES:
            yield f'{node.lineno}: "{node.value}"'
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEAVES_TORCH:
            yield f"{node.lineno}: {node.func.attr}()"


@pytest.mark.parametrize("line", ["x.cpu().sum()", "f(x.detach().numpy())", 'zeros(2, device="cpu")', "model.cuda()"])
def test_another_door_is_found(line: str) -> None:
    assert list(named(line))


def test_devices_have_three_doors() -> None:
    files = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
    del files[DOOR]
    found = [f"{name}:{place}" for name, file in files.items() for place in named(file.read_text("utf-8"))]
    assert not found, "\n".join(found)
