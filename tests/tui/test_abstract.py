"""Screens and widgets can't have ABC as a base: final ones leave nothing abstract, others something."""

import pkgutil
from importlib import import_module
from inspect import getattr_static

from textual.widget import Widget

import seqnlp.tui.panels
import seqnlp.tui.screens
import seqnlp.tui.widgets

FOUND: dict[str, type[Widget]] = {
    name: found
    for package in (seqnlp.tui.screens, seqnlp.tui.panels, seqnlp.tui.widgets)
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
    for name, found in vars(import_module(module.name)).items()
    if isinstance(found, type) and issubclass(found, Widget) and found.__module__ == module.name
}


def abstract_members(found: type) -> set[str]:
    return {name for name in dir(found) if getattr(getattr_static(found, name), "__isabstractmethod__", False)}


def test_final_classes_are_complete_and_others_abstract() -> None:
    wrong = {name for name, found in FOUND.items() if hasattr(found, "__final__") is bool(abstract_members(found))}
    assert wrong == set()
    assert abstract_members(FOUND["TokenPanel"]) >= {"answer_widgets", "describe", "request", "draw", "flows"}
