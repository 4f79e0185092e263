"""Settings of generation have one list of names, which all who take them by name agree with."""

from inspect import signature

from seqnlp.cli.generate import generate
from seqnlp.generation.settings import NAMES
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tui.panels.lm import SAMPLING_SETTINGS, STEERING_SETTINGS
from seqnlp.tui.session import DRAWING, SEED, STEERING

HOW_MANY = {"length", "samples"}


def test_the_command_takes_every_setting() -> None:
    assert set(NAMES) <= set(signature(generate).parameters)


def test_the_library_takes_every_setting() -> None:
    """Beams are another search, with a method of its own."""
    others = {"self", "prompt", "begun", "cells", "alternatives", *HOW_MANY}
    assert set(signature(Generator.generate).parameters) - others == set(NAMES) - {"beams"}
    assert "beams" in signature(Generator.search).parameters


def test_the_terminal_application_has_a_dial_or_a_line_for_every_setting() -> None:
    dials = [setting.name for setting in (*SAMPLING_SETTINGS, *STEERING_SETTINGS)]
    assert sorted(dials) == sorted({*NAMES, *HOW_MANY})
    assert {*DRAWING, *STEERING, SEED} == set(NAMES)
