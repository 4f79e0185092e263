"""`seqnlp annotate`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from seqnlp.cli.common import Device, Trust
from seqnlp.cli.raw_text import limit_kernel_cache, text_chunks
from seqnlp.cli.segment import RawFile
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json


def annotate(
    segmenter: Annotated[Path, typer.Argument(help="Run directory of a segmenter.")],
    tagger: Annotated[Path, typer.Argument(help="Run directory of a tagger.")],
    file: RawFile = None,
    more: Annotated[
        list[Path] | None,
        typer.Option("--and", metavar="<run>", help="Run of another tagger, for other columns; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a sentence, instead of CoNLL-U.")] = False,
    tree: Annotated[
        bool, typer.Option("--dummy-tree", help="A flat tree in HEAD and DEPREL, which some programs need.")
    ] = False,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Annotate running text: sentences, tokens, words and all columns of the tagger, as CoNLL-U."""
    from seqnlp.annotation import pipeline
    from seqnlp.notes import notes_to
    from seqnlp.tasks.segment.conllu import check_columns

    if tree and as_json:
        raise UsageError("--dummy-tree goes with CoNLL-U, not with --json")
    limit_kernel_cache()
    whole = pipeline([segmenter, tagger, *(more or [])], trust=trust)
    if not as_json:
        check_columns(whole.columns)
    with notes_to(partial(print, "note:", file=sys.stderr)):
        for number, sentence in enumerate(whole.annotate(text_chunks(file)), 1):
            sys.stdout.write(to_json(sentence.to_json()) + "\n" if as_json else sentence.to_conllu(number, tree))
