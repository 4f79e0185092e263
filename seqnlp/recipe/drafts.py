"""Drafts of recipes that fit a corpus: columns, scheme, splits and sizes, with comments."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from seqnlp.codecs.text import Column
from seqnlp.errors import DataError
from seqnlp.readers import Reader, Series
from seqnlp.readers.audio import read_waveform
from seqnlp.readers.delimited import HEAD
from seqnlp.readers.describe import TOKEN_COLUMNS, value_counts
from seqnlp.readers.numbers import is_missing
from seqnlp.readers.series import SERIES, TIMES, SeriesTable
from seqnlp.readers.sniff import (
    CLASSES,
    TAGS,
    WITHOUT_BLANKS,
    Ask,
    checked,
    file_column,
    is_cased,
    kinds,
    label_column,
    named,
    pair_columns,
    scheme_of,
    script_of,
    separator_of,
    text_column,
    words_in,
)
from seqnlp.readers.table_settings import encoding_settings, series_settings
from seqnlp.readers.time_axis import SECONDS, Step
from seqnlp.recipe.messages import toml_literal
from seqnlp.units import count_of

if TYPE_CHECKING:
    from datasets import Dataset

COMMENT = 33
"""Column at which comments begin."""
STEPS, SMALLEST = 20, 32
"""Steps of an epoch, at least, where that leaves batches of so many words."""
READER_COMMENTS = {
    "encoding": "of the characters",
    "delimiter": "between columns",
    "quotechar": "around fields",
    "decimal": "in numbers",
    "thousands": "between thousands in numbers",
    "na_values": "texts of missing values",
    "time": "the column of times",
    "date_format": "of the times",
    "time_unit": "of the times, since 1970",
    "time_zone": "with its daylight saving",
    "series": "names the series of each row",
    "numeric_columns": "the columns of numbers",
    "gaps": "missing rows become missing values",
    "comment": "begins comments",
}
"""Comments at settings of readers."""
FEW = 10
"""Rows below which a row, and no share, is drawn for dev."""


@final
@dataclass
class Draft:
    """Recipe in the making: sections of keys with values and comments."""

    task: str
    about: str
    """Purpose; the first comment."""
    sections: dict[str, list[tuple[str, Any, str]]] = field(default_factory=dict)
    facts: list[str] = field(default_factory=list)
    """Findings in the file, one line each."""

    def add(self, section: str, key: str, value: Any, comment: str = "") -> None:
        """Add a key; a comment tells what it is for."""
        self.sections.setdefault(section, []).append((key, value, comment))

    def remark(self, section: str, text: str) -> None:
        """Add a line of comment."""
        self.sections.setdefault(section, []).append(("", None, text))

    def render(self, command: str) -> str:
        """Format as TOML; `command` is the one that trains it."""
        lines = [_plain(f"# {line}") for line in (self.about, *self.facts, f"  {command}")]
        lines += [
            _line("task", self.task),
            _line("seed", 1, "of every random choice; with the same one the run is the same"),
        ]
        for name, keys in self.sections.items():
            lines += ["", f"[{name}]"]
            lines += [_line(*each) for each in keys]
        return "\n".join(lines) + "\n"


def _line(key: str, value: Any = None, comment: str = "") -> str:
    if not key:
        return f"# {_plain(comment)}"
    setting = f"{_key(key)} = {_value(value)}"
    return f"{f'{setting} ':{COMMENT}}# {_plain(comment)}" if comment else setting


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + " }"
    return toml_literal(value)


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() and key.isascii() else toml_literal(key)


def _plain(text: str) -> str:
    """Text without control characters, which TOML does not allow in comments."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


@final
@dataclass(frozen=True)
class Given:
    """Corpus that a recipe is drafted for."""

    splits: Mapping[str, str]
    """Source of each split that there is, as a recipe writes it."""
    reader: str
    """Kind of the reader."""
    settings: dict[str, Any]
    """Its settings but for the defaults."""
    ask: Ask
    note: Callable[[str], None]
    has_names: bool = True
    """False if the columns have no names in the file."""
    text: str | None = None
    """Column of texts, words or source sentences that the user has named."""
    label: str | None = None
    """Column of labels, tags or translations."""

    @property
    def name(self) -> str:
        """Name of train for people."""
        return str(self.settings.get("path", self.splits["train"]))

    def read(self, path: Path) -> Dataset:
        """Read train, with all columns that can be read."""
        source = self.splits["train"] if self.reader == "hub" else path
        return Reader.parse({"kind": self.reader, **self.settings}).load(source)


def _begin(draft: Draft, given: Given, rows: int, unit: str) -> None:
    """Write the reader and the splits."""
    if rows < 2:
        raise DataError(f"one of the {unit} in it; a training needs two or more", given.name)
    if not given.settings:
        draft.add("data", "reader", given.reader)
    draft.add("data", "train", given.splits["train"])
    if "dev" in given.splits:
        draft.add("data", "dev", given.splits["dev"], "decides when to stop, and which model is kept")
    else:
        how = {"texts": "in proportion to the labels", "rows": "at its end", "characters": "at its end"}
        size: int | float = 0.1 if rows >= FEW else 1
        share = "a share" if size == 0.1 else f"a number of {unit}"
        manner = how.get(unit, "drawn by seed")
        draft.add("data", "dev", size, f"{share} of train, {manner}; or a file: decides which model is kept")
    if "test" in given.splits:
        draft.add("data", "test", given.splits["test"], "scored once, at the end")
    else:
        draft.remark("data", "test = 0.1                     a share of train, or a file: scored once, at the end")


def _reader(draft: Draft, given: Given, settings: Mapping[str, Any], comments: Mapping[str, str] = {}) -> None:
    """Write the section of a reader with settings."""
    if settings:
        draft.add("data.reader", "kind", given.reader, comments.get("kind", ""))
        for key, value in settings.items():
            draft.add("data.reader", key, value, comments.get(key, READER_COMMENTS.get(key, "")))


def draft_tag(given: Given, path: Path) -> Draft:
    """Draft a tagger: words, tags, their scheme, and sizes by the number of words."""
    dataset = given.read(path)
    words_name, labels_name = _tag_columns(given, dataset)
    words = Column.from_dataset(dataset, words_name)
    tags = Column.from_dataset(dataset, labels_name)
    words.check_parallel(tags, words_name, labels_name)
    scheme, problem = scheme_of(tags)
    settings, renamed = dict(given.settings), {words_name: words_name, labels_name: labels_name}
    if not given.has_names:
        renamed = {words_name: "word", labels_name: "entity" if scheme else "tag"}
        settings["names"] = [renamed.get(name, name) for name in given.settings["names"]]
    total, rows = len(words.codes.values), len(dataset)
    script = script_of(words.distinct)
    draft = Draft("tag", f"A tagger for {given.name}: gives every word its {renamed[labels_name]!r}.")
    draft.facts = [f"{rows:,} sentences, {total:,} words, {count_of(sorted(tags.distinct), 'tags')}{_letters(script)}"]
    _begin(draft, given, rows, "sentences")
    draft.add("data", "tokens", renamed[words_name], "the column of the words")
    draft.add("data", "labels", [renamed[labels_name]], "the columns to predict" + _others(given, dataset, labels_name))
    if scheme:
        draft.add("data", "scheme", scheme, "how the tags mark spans")
        if problem:
            draft.add("data", "repair", True, "read tags that the scheme does not allow as conlleval does")
            given.note(f"some tags are not as the scheme {scheme} has them ({problem}): data.repair = true reads them")
    _reader(draft, given, settings, {"names": "the columns from left to right"})
    size = _size(total, TAG_SIZES)
    draft.add("embedding", "dropout", size.dropout)
    draft.remark("embedding", '[embedding.vectors] with file = "..." adds pretrained vectors: seqnlp help vectors')
    draft.add("embedding.words", "size", min(size.units, 100), "a learned vector for each word")
    if is_cased(words.distinct):
        draft.add("embedding.words", "lowercase", True, "the characters below keep capitals")
    draft.add("embedding.words", "word_dropout", 1.0, "a word seen n times is unknown with probability 1 / (1 + n)")
    draft.add("embedding.chars", "kind", "cnn", "and one from its spelling, for words that train lacks")
    draft.add("embedding.chars", "size", size.units)
    draft.add("encoder", "kind", "lstm", "or gru, rnn, min_gru, mogrifier")
    draft.add("encoder", "size", size.units, "units of each direction")
    draft.add(
        "decoder", "kind", "crf" if scheme else "linear", "scores whole sequences of tags" if scheme else "or crf"
    )
    draft.add("decoder", "dropout", size.dropout)
    _training(draft, size.epochs, _batch(size, total), 4e-3 if total < 50_000 else 3e-3, "words")
    return draft


def _tag_columns(given: Given, dataset: Dataset) -> tuple[str, str]:
    """Columns of words and of tags."""
    lists = [name for name, kind in kinds(dataset).items() if kind in ("texts", "numbers")]
    if len(lists) < 2:
        found = ", ".join(dataset.column_names)
        raise DataError(f"a tagger needs lists of words and of tags; its columns are {found}", given.name)
    counts = {name: value_counts(dataset, name) for name in lists}
    plain = [name for name in lists if not all(value.isdigit() for value in counts[name])]
    words = checked(given.text, dataset) if given.text else (named(lists, TOKEN_COLUMNS) or plain or lists)[0]
    if given.label:
        return words, checked(given.label, dataset)
    if given.reader == "conllu":
        filled = [name for name in ("upos", "xpos", "feats") if counts[name].keys() - {"_"}]
        if not filled:
            raise DataError("none of upos, xpos and feats is filled; --label names another column", given.name)
        return words, filled[0]
    likely = named([name for name in lists if name != words], TAGS)
    if likely and given.has_names:
        return words, likely[0]
    usable = {name: counts[name] for name in lists if name != words and name in plain}
    few = [name for name in usable if len(usable[name]) <= CLASSES]
    spans = [name for name in few if scheme_of(Column.from_dataset(dataset, name))[0]]
    ranked = list(dict.fromkeys([*reversed(spans), *reversed(few)]))
    if not ranked:
        raise DataError("no column looks like tags (few different values); --label names one", given.name)
    if len(ranked) == 1 or len(spans) == 1:
        return words, ranked[0]
    examples = {name: ", ".join(value for value, _ in usable[name].most_common(3)) for name in ranked}
    shown = "; ".join(f"{name}: {example}" for name, example in examples.items())
    return words, given.ask(f"Which column shall be predicted ({shown})?", ranked)


def _others(given: Given, dataset: Dataset, chosen: str) -> str:
    """Other columns that could be predicted, for a comment."""
    if given.reader != "conllu":
        return ""
    filled = [
        name for name in ("upos", "xpos", "feats") if name != chosen and value_counts(dataset, name).keys() - {"_"}
    ]
    return f"; {' and '.join(filled)} could be learned with it" if filled else ""


def _letters(script: str) -> str:
    return f", {script.capitalize() if script != 'CJK' else script} script" if script else ""


@final
@dataclass(frozen=True)
class Size:
    """Sizes of a model and its training."""

    bound: float
    units: int
    epochs: int
    batch: int
    dropout: float = 0.4


def _size(total: int, sizes: Sequence[Size]) -> Size:
    return next(size for size in sizes if total <= size.bound)


def _batch(size: Size, total: int) -> int:
    """Batch size that leaves a small corpus some steps an epoch."""
    return max(min(size.batch, total // STEPS), SMALLEST)


# those of the recipes that ship, and between and beyond them
TAG_SIZES = (
    Size(3_000, 48, 40, 100),
    Size(50_000, 96, 20, 500),
    Size(300_000, 128, 15, 1000),
    Size(math.inf, 200, 12, 2000, 0.3),
)
CLASSIFY_SIZES = (
    Size(5_000, 16, 30, 200, 0.5),
    Size(50_000, 24, 20, 500, 0.5),
    Size(1_000_000, 64, 10, 1500, 0.5),
    Size(math.inf, 128, 5, 4000, 0.3),
)
TRANSLATE_SIZES = (
    Size(500, 64, 40, 300, 0.3),
    Size(10_000, 128, 30, 600, 0.3),
    Size(100_000, 256, 20, 2000, 0.3),
    Size(math.inf, 320, 12, 4000, 0.3),
)
LM_SIZES = (
    Size(30_000, 128, 30, 16),
    Size(300_000, 256, 24, 16),
    Size(5_000_000, 512, 12, 64),
    Size(math.inf, 768, 6, 64, 0.3),
)
PIECES = ((5_000, 1200), (30_000, 4000), (200_000, 8000), (math.inf, 16_000))
"""Subwords of a translator's vocabulary, by the number of pairs."""


def _training(draft: Draft, epochs: int, batch: int, lr: float, unit: str, schedule: str = "cosine") -> None:
    draft.add("optimizer", "kind", "adamw")
    draft.add("optimizer", "lr", lr, "learning rate")
    draft.add(
        "optimizer",
        "schedule",
        schedule,
        "falls to 0 over the training" if schedule == "cosine" else "rises, then falls",
    )
    draft.add("training", "epochs", epochs, "passes over train")
    draft.add("training", "batch_tokens", batch, f"{unit} in a batch, padding included")
    draft.add("training", "ema_decay", 0.98 if batch < 1000 else 0.99, "average of the weights: the model that is kept")


def draft_classify(given: Given, path: Path) -> Draft:
    """Draft a classifier: texts, labels, several a text or one, and sizes by the number of texts."""
    dataset = given.read(path)
    of = kinds(dataset)
    label = label_column(dataset, given.ask, given.label)
    if label is None:
        found = ", ".join(dataset.column_names)
        problem = f"no column looks like labels (few different values); --label names one of {found}"
        raise DataError(problem, given.name)
    tokens = named([name for name in of if of[name] == "texts" and name != label], TOKEN_COLUMNS)
    text = text_column(dataset, [label], given.ask, given.text)
    if text is None and not tokens:
        problem = f"no column of texts beside the labels, {label!r}"
        raise DataError(f"{problem}; its columns are {', '.join(dataset.column_names)}", given.name)
    name = text or tokens[0]
    several = of[label] in ("texts", "numbers")
    separator = None if several else separator_of(dataset, label) if of[label] == "text" else None
    if (
        separator == ","
        and given.ask(f"Are there several labels in a text of {label!r}, parted by commas?", ["yes", "no"]) == "no"
    ):
        separator = None
    counts = value_counts(dataset, label)
    classes = {part.strip() for key in counts for part in (key.split(separator) if separator else [key])} - {""}
    settings, renamed = dict(given.settings), {name: name, label: label}
    if not given.has_names:
        renamed = {name: "text", label: "label"}
        settings["names"] = [renamed.get(each, "_") for each in given.settings["names"]]
    rows = len(dataset)
    texts = dataset[: min(rows, 2000)][name]
    texts = [" ".join(cell) if isinstance(cell, list) else cell or "" for cell in texts]
    script = script_of(texts)
    draft = Draft("classify", f"A classifier for {given.name}: gives a text its {renamed[label]!r}.")
    draft.facts = [f"{rows:,} texts, {count_of(sorted(classes), 'classes')}{_letters(script)}"]
    _begin(draft, given, rows, "rows with several labels" if several or separator else "texts")
    is_list = isinstance(dataset[0][name], list)
    draft.add(
        "data", "tokens" if is_list else "text", renamed[name], "the column of the " + ("words" if is_list else "texts")
    )
    draft.add("data", "label", renamed[label], "the column to predict")
    if several or separator:
        draft.add("data", "multilabel", True, "a text may have several labels, or none")
    if separator:
        draft.add("data", "separator", separator, "between the labels of a text")
    _reader(draft, given, settings, {"names": "the file has no line of names; _ is left out"})
    words = rows * max(sum(len(each.split()) for each in texts) / max(len(texts), 1), 1)
    size = _size(int(words), CLASSIFY_SIZES)
    draft.add("ngrams", "words", 2, "a linear model beside the network; features: phrases of up to two words")
    draft.add("ngrams", "chars", [2, 5] if script not in WITHOUT_BLANKS else [1, 3], "and runs of characters")
    draft.add("embedding", "dropout", size.dropout)
    if script in WITHOUT_BLANKS:
        draft.add("embedding.subwords", "size", 64, "words have no blanks between them: a mean of pieces")
    else:
        draft.add("embedding.words", "size", 64)
        if is_cased(texts):
            draft.add("embedding.words", "lowercase", True)
        draft.add("embedding.words", "word_dropout", 1.0, "a word seen n times is unknown with probability 1 / (1 + n)")
    draft.add("encoder", "kind", "lstm", "or gru, none, ...")
    draft.add("encoder", "size", size.units, "units of each direction")
    draft.add("decoder", "kind", "mean", "of all words; or attention, max, last")
    draft.add("decoder", "dropout", size.dropout)
    _training(draft, size.epochs, _batch(size, int(words)), 4e-3, "words")
    return draft


def draft_translate(given: Given, path: Path) -> Draft:
    """Draft a translator: the two sides, and sizes by the number of pairs."""
    dataset = given.read(path)
    of = kinds(dataset)
    texts = [name for name in dataset.column_names if of[name] == "text"]
    pair = pair_columns(texts)
    if given.text and given.label:
        pair = checked(given.text, dataset), checked(given.label, dataset)
    if pair is None:
        ranked = sorted(texts, key=lambda name: -words_in(dataset, name))[:2]
        if len(ranked) < 2:
            found = ", ".join(dataset.column_names)
            problem = f"a translator needs two columns of texts; its columns are {found}"
            raise DataError(problem, given.name, hint="--text and --label name them")
        source = given.text or given.ask("Which column is translated from?", [name for name in texts if name in ranked])
        pair = source, given.label or next(name for name in ranked if name != source)
    settings, renamed = dict(given.settings), {name: name for name in pair}
    if not given.has_names:
        renamed = dict(zip(pair, ("source", "target"), strict=True))
        settings["names"] = [renamed.get(each, "_") for each in given.settings["names"]]
    rows = len(dataset)
    head = dataset[: min(rows, 2000)]
    scripts = [script_of(text or "" for text in head[name]) for name in pair]
    draft = Draft("translate", f"A translator for {given.name}.")
    draft.facts = [f"{rows:,} pairs, {' to '.join(script.capitalize() for script in scripts if script)} script"]
    _begin(draft, given, rows, "pairs")
    draft.add("data", "source", renamed[pair[0]], "the side to translate")
    draft.add("data", "target", renamed[pair[1]], "the side to translate into")
    size = _size(rows, TRANSLATE_SIZES)
    words = max(words_in(dataset, pair[0]), words_in(dataset, pair[1]))
    if rows < 500 or words < 1.5:
        draft.add("data", "tokenizer", "characters", "or words, subwords")
    else:
        pieces = next(pieces for bound, pieces in PIECES if rows <= bound)
        draft.add("data", "tokenizer", {"kind": "subwords", "vocab_size": pieces}, "byte-pair encoding of each side")
    draft.add("data", "unicode_normalization", "nfc", "a letter with an accent is one character")
    _reader(
        draft, given, settings, {"suffixes": "of the two files of each split", "names": "the columns; _ is left out"}
    )
    draft.add("embedding", "size", size.units)
    draft.add("embedding", "dropout", 0.2)
    draft.add("encoder", "kind", "lstm")
    draft.add("encoder", "size", size.units, "units of each direction")
    draft.add("decoder", "attention", "general")
    draft.add("decoder", "size", 2 * size.units)
    draft.add("decoder", "dropout", size.dropout)
    draft.add("decoder", "label_smoothing", 0.1)
    draft.add("search", "beam", 5, "width of the beam search")
    lr = 4e-3 if rows < 10_000 else 2e-3
    _training(draft, size.epochs, _batch(size, int(rows * words)), lr, "steps of the longer side", "one_cycle")
    draft.add("training", "max_grad_norm", 1.0)
    return draft


def draft_lm(given: Given, path: Path) -> Draft:
    """Draft a language model: tokens, and sizes by the length of the text."""
    dataset = given.read(path)
    text = text_column(dataset, [], given.ask, given.text)
    if text is None:
        raise DataError(f"no column of texts; its columns are {', '.join(dataset.column_names)}", given.name)
    length = 0
    sample: list[str] = []
    for batch in dataset.select_columns([text]).iter(1000):
        length += sum(len(each or "") + 1 for each in batch[text])
        sample += batch[text][:10] if len(sample) < 1000 else []
    script = script_of(sample)
    draft = Draft("lm", f"A language model of {given.name}.")
    draft.facts = [f"{length:,} characters{_letters(script)}"]
    _begin(draft, given, length if length > 40 else 1, "characters")
    if given.reader != "text":
        draft.add("data", "text", text, "the column of the texts, which are joined")
    _reader(draft, given, given.settings)
    pieces = length > 5_000_000
    if pieces:
        draft.add("data", "tokenizer", {"kind": "subwords", "vocab_size": 8000}, "or characters, words")
    else:
        draft.add("data", "tokenizer", "characters", "or words, subwords")
    window = max(min(64, length // 40), 2)
    size = _size(length, LM_SIZES)
    draft.add("embedding", "size", 64 if not pieces else 256)
    draft.add("encoder", "kind", "lstm")
    draft.add("encoder", "size", size.units)
    draft.add("encoder", "bidirectional", False, "a language model must not see later tokens")
    draft.add("decoder", "dropout", size.dropout)
    streams = max(min(size.batch, length // (10 * window)), 1)
    draft.add("optimizer", "kind", "adamw")
    draft.add("optimizer", "lr", 6e-3 if size.units <= 256 else 3e-3, "learning rate")
    draft.add("optimizer", "schedule", "one_cycle", "rises, then falls")
    draft.add("training", "epochs", size.epochs, "passes over train")
    draft.add("training", "batch_tokens", streams * window, f"{streams} streams of the text, read side by side ...")
    draft.add("training", "bptt", window, "... in windows of so many tokens")
    draft.add("training", "ema_decay", 0.99, "average of the weights: the model that is kept")
    draft.add("training", "max_grad_norm", 1.0)
    return draft


def draft_forecast(given: Given, path: Path) -> Draft:
    """Draft a forecaster: the columns of times and numbers, the season, look-back and horizon."""
    settings = dict(given.settings)
    table = _series(given, path, settings)
    lengths = np.diff(table.offsets)
    shortest = int(np.median(lengths))
    parts = [table.times[first:last] for first, last in zip(table.offsets[:-1], table.offsets[1:], strict=True)]
    step = Step.infer(parts)
    missing = bool(np.isnan(table.values).any())
    timed = table.times.dtype.kind == "M"
    season, calendar = _season(step) if timed else (1, [])
    share = 0.1 if "dev" not in given.splits else 0.0
    held = math.floor(shortest * share + 0.5)
    horizon = max(min(season if season > 1 else 12, held or shortest // 10), 1)
    room = (shortest - held - horizon) // 2
    lookback = max(min(4 * season if season > 1 else 24, room), 1)
    if shortest < 12:
        raise DataError(f"series of {shortest} rows are too short to learn from; expected 12 or more", path)
    draft = Draft("forecast", f"A forecaster for {given.name}.")
    draft.facts = [
        f"{count_of(table.names, 'series')}, {len(table.times):,} rows, columns {', '.join(table.columns)}",
        f"one row every {step or 'step'}" + (", some values are missing" if missing else ""),
    ]
    given = replace(given, settings=settings)
    _begin(draft, given, shortest, "rows")
    if calendar:
        draft.add("data", "calendar", calendar, "features of each step, of the horizon too")
    draft.add("data", "lookback", lookback, "steps that a forecast is made from")
    draft.add("data", "horizon", horizon, "steps that are forecast")
    draft.add("data", "season_length", season, "for the seasonal-naive forecast beside the scores, and for MASE")
    draft.add("data", "instance_norm", "standard", "each window less its mean, by its deviation, undone on forecasts")
    if missing:
        draft.add("data", "missing", "mask", "missing values count in no loss or score")
    _reader(draft, given, settings, {"names": "the file has no line of names"})
    total = int(lengths.sum()) * len(table.columns)
    size = 32 if total < 2_000 else 64
    draft.add("encoder", "kind", "gru")
    draft.add("encoder", "size", size)
    draft.add("encoder", "bidirectional", False)
    draft.add("decoder", "kind", "direct", "all steps from the last state; or recursive, segments, linear")
    draft.add("decoder", "output", "quantiles", "10, 25, 50, 75 and 90 %; or point, gaussian")
    draft.add("decoder", "dropout", 0.1)
    draft.add("optimizer", "kind", "adamw")
    draft.add("optimizer", "lr", 5e-3, "learning rate")
    draft.add("optimizer", "schedule", "cosine", "falls to 0 over the training")
    draft.add("training", "epochs", 30 if total < 2_000 else 10 if total < 50_000 else 6, "passes over train")
    windows = 16 if total < 2_000 else 128
    draft.add("training", "batch_tokens", windows * lookback, f"{windows} windows of {lookback} steps")
    draft.add("training", "max_grad_norm", 1.0)
    return draft


def _series(given: Given, path: Path, settings: dict[str, Any]) -> SeriesTable:
    """Read series; add settings for columns of text, several series in a file, and gaps."""
    settings |= {**(series_settings(path) or encoding_settings(path)), **settings} if path.suffix != ".parquet" else {}
    settings |= _series_columns(path, given, settings)
    try:
        return Series(**settings).read_series(path)
    except DataError as error:
        if "missing" not in error.problem or "gaps" not in f"{error.problem}{error.hint}":
            raise
        table = Series(**settings, gaps="fill").read_series(path)
        settings["gaps"] = "fill"
        given.note(f'{error.problem.partition(";")[0]}: reader.gaps = "fill" makes them missing values')
        return table


def _series_columns(path: Path, given: Given, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a reader of series, from the first rows."""
    if path.suffix == ".parquet":
        return {}
    reader = Series(**settings)
    records = (row for _, row in reader.records(path))
    rows = list(islice(records, 0 if reader.names else 1, HEAD))
    names = [name if name.strip() else f"column{number}" for number, name in enumerate(reader.header(path), 1)]
    columns = dict(zip(names, zip(*rows, strict=False), strict=False))
    found: dict[str, Any] = {}
    time = reader.time or next((name for name in TIMES if name in names), names[0])

    def is_number(cells: Sequence[str]) -> bool:
        present = [cell for cell in cells if not is_missing(cell, reader.na_values)]
        return bool(np.isfinite(reader.number_format.parse_all(present)).all())

    numbers = [name for name in names if name != time and is_number(columns.get(name, ()))]
    texts = [name for name in names if name not in (time, SERIES) and name not in numbers]
    repeated = len(set(columns.get(time, ()))) < len(columns.get(time, ()))
    if SERIES not in names and repeated and texts:
        likely = [name for name in texts if len(set(columns[name])) < len(rows)]
        if likely:
            found["series"] = likely[0] if len(likely) == 1 else given.ask("Which column names the series?", likely)
    left = [name for name in texts if name != found.get("series")]
    if left and numbers:
        found["numeric_columns"] = [name for name in numbers if name != SERIES]
        given.note(f"left out, as they hold text: {', '.join(left)}")
    return found


def _season(step: Step | None) -> tuple[int, list[str]]:
    """Steps of the likeliest season, and the calendar features that tell it."""
    if step is None:
        return 1, []
    if step.unit == "weekdays":
        return max(sum(map(int, step.weekmask)), 1), ["weekday", "month"]
    if step.unit in ("months", "month ends"):
        return max(12 // step.count, 1), ["month"] if step.count < 12 else []
    if step.count < SECONDS["D"]:
        per_day = SECONDS["D"] // step.count
        return (per_day, ["hour", "weekday"]) if per_day <= 96 else (max(3600 // step.count, 1), ["minute", "hour"])
    days = step.count // SECONDS["D"]
    return (7, ["weekday", "yearday"]) if days == 1 else (52 if days == 7 else 1, ["yearday"])


def draft_transcribe(given: Given, path: Path) -> Draft:
    """Draft a transcriber: the columns of a table of recordings, and their sample rate."""
    settings = dict(given.settings)
    reader = Reader.parse({"kind": "audio", **settings})
    dataset = reader.load(path)
    texts = [name for name in dataset.column_names if name != "audio"]
    if not texts:
        hint = "a table of files and texts (.csv, .tsv, .jsonl) has them; or data.reader.pattern"
        raise DataError("recordings without texts", given.name, hint=hint)
    chosen = given.label or (named(texts, ("text", "sentence", "transcript", "transcription", "label")) or texts)[0]
    checked(chosen, dataset)
    recording = read_waveform(dataset[0]["audio"]["path"])
    rows = len(dataset)
    draft = Draft("transcribe", f"A transcriber for {given.name}.")
    draft.facts = [f"{rows:,} recordings, the first with {recording.rate:,} Hz{_letters(script_of(dataset[chosen]))}"]
    _begin(draft, given, rows, "recordings")
    draft.add("data", "text", chosen, "the column of what is said")
    draft.add("data", "sample_rate", min(recording.rate, 16_000), "of the features, in Hz")
    if recording.rate > 16_000:
        draft.add("data", "resample", True, "recordings of another rate are converted")
    _reader(draft, given, settings, {"file_column": "the column of the files"})
    draft.add("embedding", "kind", "stack", "or conv: a strided convolution")
    draft.add("embedding", "stride", 2, "frames that become one step")
    draft.add("embedding", "size", 96)
    draft.add("encoder", "kind", "lstm")
    draft.add("encoder", "size", 96 if rows < 2000 else 192)
    _training(draft, 40 if rows < 2000 else 20, 600 if rows < 2000 else 1500, 4e-3, "steps")
    return draft


DRAFTS: dict[str, Callable[[Given, Path], Draft]] = {
    "tag": draft_tag,
    "classify": draft_classify,
    "lm": draft_lm,
    "translate": draft_translate,
    "forecast": draft_forecast,
    "transcribe": draft_transcribe,
}
"""Drafts by task."""


def table_of_recordings(dataset: Dataset) -> dict[str, Any]:
    """Settings of the reader of a table that names recordings."""
    name = file_column(dataset)
    return {} if name in (None, "file") else {"file_column": name}
