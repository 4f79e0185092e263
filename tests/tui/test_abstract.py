"""Screens and widgets can't have ABC as a base; what it would see to is looked at here."""

import pkgutil
from importlib import import_module
from inspect import getattr_static

import pytest
from textual.widget import Widget

import seqnlp.tui.screens
import seqnlp.tui.widgets

FOUND: dict[str, type[Widget]] = {
    name: found
    for package in (seqnlp.tui.screens, seqnlp.tui.widgets)
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
    for name, found in vars(import_module(module.name)).items()
    if isinstance(found, type) and issubclass(found, Widget) and found.__module__ == module.name
}


def left_open(found: type) -> set[str]:
    """The methods and properties that still have to be filled in."""
    return {name for name in dir(found) if getattr(getattr_static(found, name), "__isabstractmethod__", False)}


@pytest.mark.parametrize("name", FOUND)
def test_final_classes_leave_nothing_open_and_others_something(name: str) -> None:
    assert getattr(FOUND[name], "__final__", False) is not bool(left_open(FOUND[name]))


def test_what_is_open_is_seen() -> None:
    assert left_open(FOUND["WordsScreen"]) >= {"answer", "answer_widgets", "describe", "settings", "show_answer"}
