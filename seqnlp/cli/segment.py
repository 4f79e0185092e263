"""`seqnlp segment`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqnlp.cli.common import Device, JsonLines, RunPath, Trust, open_predictor
from seqnlp.cli.raw_text import limit_kernel_cache, text_chunks
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json

if TYPE_CHECKING:
    from seqnlp.tasks.segment.result import SegmentedSentence

RawFile = Annotated[
    Path | None, typer.Argument(help="Running text; blank lines end paragraphs. `-` for standard input.")
]
AsConllu = Annotated[bool, typer.Option("--conllu", help="Write CoNLL-U, with the place of each token in MISC.")]
DummyTree = Annotated[
    bool,
    typer.Option(
        "--dummy-tree", help="With --conllu: a flat tree in HEAD and DEPREL, and X in UPOS, for other programs."
    ),
]


def segment(
    run: RunPath,
    file: RawFile = None,
    as_json: JsonLines = False,
    as_conllu: AsConllu = False,
    tree: DummyTree = False,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Split running text: a sentence a line, its tokens with blanks between."""
    from seqnlp.notes import notes_to
    from seqnlp.tasks.segment.conllu import conllu_sentence
    from seqnlp.tasks.segment.predictor import Segmenter

    check_formats(as_json, as_conllu, tree)
    limit_kernel_cache()
    segmenter = open_predictor(run, Segmenter, trust)
    draw: Callable[[int, SegmentedSentence], str]
    if as_conllu:
        draw = lambda number, sentence: conllu_sentence(sentence, number, tree=tree)  # noqa: E731
    else:
        draw = lambda _, sentence: f"{to_json(sentence.to_json()) if as_json else sentence}\n"  # noqa: E731
    with notes_to(partial(print, "note:", file=sys.stderr)):
        for number, sentence in enumerate(segmenter.segment(text_chunks(file)), 1):
            sys.stdout.write(draw(number, sentence))


def check_formats(as_json: bool, as_conllu: bool, tree: bool) -> None:
    """Check options that go together.

    Raises:
        seqnlp.errors.UsageError: they contradict each other.
    """
    if as_json and as_conllu:
        raise UsageError("--json and --conllu contradict each other: choose one")
    if tree and not as_conllu:
        raise UsageError("--dummy-tree goes with --conllu")


def predict(run: Path, file: Path | None, as_json: bool, trust: bool) -> None:
    """Segment running text with the default options."""
    segment(run, file, as_json, trust=trust)
