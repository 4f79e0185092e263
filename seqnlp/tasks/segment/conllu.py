"""Sentences as CoNLL-U."""

import unicodedata
from collections.abc import Mapping, Sequence

from seqnlp.errors import UsageError
from seqnlp.readers.conll import COLUMNS, SKIPPED
from seqnlp.tasks.segment.result import SegmentedSentence

PLACES = {name: place for place, name in enumerate(COLUMNS, 1)}
"""Index of each column in a row."""
WRITTEN = ("form", "deps", "misc")
"""Columns that no tagger can fill here."""
TREE = ("head", "deprel")
"""Columns of a dependency tree, which go together."""


def check_columns(columns: Sequence[str]) -> None:
    """Check that columns can be written.

    Raises:
        seqnlp.errors.UsageError: for one that CoNLL-U lacks, or that tells the segmentation or the tree.
    """
    has_tree = set(TREE) <= set(columns)
    for name in columns:
        if name not in PLACES or name in WRITTEN or (name in TREE and not has_tree):
            choices = ", ".join(each for each in COLUMNS if each not in (*WRITTEN, *TREE))
            problem = f"the run's label column {name!r} can't be written as CoNLL-U; expected some of {choices}"
            raise UsageError(f"{problem}, or {' and '.join(TREE)} of a parser")


def conllu_sentence(
    sentence: SegmentedSentence, number: int, columns: Mapping[str, Sequence[str]] | None = None, tree: bool = False
) -> str:
    """Write a sentence as CoNLL-U, an empty line at its end; texts are composed (NFC), offsets those of the input.

    Args:
        sentence: The sentence.
        number: Its number in the text, from 1.
        columns: Values of each word by column.
        tree: Write a flat dummy tree where no other is given: the first word is the root, all others depend on it; and
            `X` where no part of speech is given.
    """
    lines = ["# newpar"] if sentence.begins_paragraph else []
    lines += [f"# sent_id = {number}", f"# text = {composed(sentence.text)}"]
    if tree:
        columns = {"upos": ["X"] * len(sentence.words), **(columns or {})}
    size = sum(len(token.words) for token in sentence.tokens)
    inside: list[Sequence[str]] = [[SKIPPED] * size] * 7
    for name, values in (columns or {}).items():
        inside[PLACES[name] - 2] = list(map(composed, values))
    if tree and TREE[0] not in (columns or {}):
        inside[4:6] = ["0"] + ["1"] * (size - 1), ["root"] + ["dep"] * (size - 1)
    filled = map("\t".join, zip(*inside, strict=True))
    word = 0
    for index, (text, start, end, words) in enumerate(sentence.tokens):
        misc = f"TokenRange={start}:{end}"
        if not sentence.space_after_token(index):
            misc = f"SpaceAfter=No|{misc}"
        if words != (text,):
            lines.append(f"{word + 1}-{word + len(words)}\t{composed(text)}{7 * _EMPTY}\t{misc}")
            misc = SKIPPED
        for form in words:
            word += 1
            lines.append(f"{word}\t{composed(form)}\t{next(filled)}\t{misc}")
    return "\n".join(lines) + "\n\n"


_EMPTY = f"\t{SKIPPED}"


def composed(text: str) -> str:
    """Composed form of a text."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
