"""Options of `seqnlp generate` and settings of `Generator.generate`: both list them, as each has types of its own."""

from inspect import signature

from seqnlp.cli.generate import generate
from seqnlp.tasks.lm.predictor import Generator


def test_every_setting_is_an_option() -> None:
    settings = signature(Generator.generate).parameters.keys() - {"self", "begun", "cells"}
    assert {"temperature", "pattern", "seed", "samples"} < settings
    assert settings <= signature(generate).parameters.keys()
