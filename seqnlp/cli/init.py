"""`seqnlp init`: a recipe that fits a corpus."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqnlp.cli.inputs import recognised
from seqnlp.errors import DataError, UsageError
from seqnlp.notes import notes_to
from seqnlp.spelling import did_you_mean
from seqnlp.tasks.registry import import_tasks, known_tasks
from seqnlp.terminal_text import print_path

if TYPE_CHECKING:
    from seqnlp.recipe.drafts import Given

QUESTIONS = 3
"""Questions that are asked, at most; of others the likeliest answer is taken."""
SPLITS = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "val": "dev", "test": "test"}
"""Splits by words in the name of a file."""


def init(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[TASK] FILE...",
            help="tag, classify, lm, translate, forecast or transcribe, guessed if left out; then train, and maybe dev "
            "and test, or a folder. Splits beside train that are named like it are found.",
        ),
    ],
    text: Annotated[
        str | None, typer.Option("--text", help="Column of the texts, words or source sentences.  [default: guessed]")
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", help="Column of the labels, tags or translations.  [default: guessed]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The recipe to write, or its folder.", show_default="NAME.toml")
    ] = None,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Ask nothing: take the likeliest answers.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a recipe for files of your own: looks at them, and asks at most three questions.

    `seqnlp init tag my.conllu`, then `seqnlp train my.toml`. What was found is told, and stands in the recipe, with a
    comment at each key.
    """
    tell: Callable[[str], None] = partial(print, "note:", file=sys.stderr)
    task, files = _task_and_files(words)
    target = _target(files, out)
    if target.exists() and not force:
        raise UsageError(f"{target}: there is a file already; overwrite it with --force, or name another with --out")
    asker = Asker(sys.stdin.isatty() and sys.stderr.isatty() and not yes, tell)
    with notes_to(tell):
        content, facts = _recipe(task, files, text, label, target, asker)
    if len(target.parts) > 1:
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.write_text(content, encoding="utf-8")
    except OSError as error:
        raise DataError(f"can't write this file: {error.strerror}", target) from None
    for fact in facts:
        print(fact, file=sys.stderr)
    print(f"wrote {target}; train it with: {_command(target)}", file=sys.stderr)
    print_path(target)


def _command(target: Path) -> str:
    return shlex.join(["seqnlp", "train", str(target)])


class Asker:
    """Questions about what is in doubt; unasked, the likeliest answer, with a note."""

    def __init__(self, interactive: bool, tell: Callable[[str], None]) -> None:
        self.left, self.tell = QUESTIONS if interactive else 0, tell

    def __call__(self, question: str, choices: Sequence[str]) -> str:
        """Answer with one of some choices; the first is the default."""
        if self.left <= 0:
            self.tell(f"{question} Taken: {choices[0]} ({', '.join(choices[1:])} would be possible)")
            return choices[0]
        self.left -= 1
        while True:
            print(f"{question} [{choices[0]}; {', '.join(choices[1:])}] ", end="", file=sys.stderr, flush=True)
            line = sys.stdin.readline()
            answer = line.strip()
            if not answer:  # also at the end of the input
                return choices[0]
            fitting = [each for each in choices if each == answer] or [
                each for each in choices if each.casefold().startswith(answer.casefold())
            ]
            if len(fitting) == 1:
                return fitting[0]
            print(f"expected one of {', '.join(choices)}", file=sys.stderr)


def _task_and_files(words: list[str]) -> tuple[str | None, list[Path]]:
    """Tell the task, if the first word is one, from the files.

    Raises:
        seqnlp.errors.UsageError: no file.
        seqnlp.errors.DataError: a file that does not exist.
    """
    tasks = [info.name for info in known_tasks() if info.module]
    task = words[0] if words[0] in tasks and (len(words) > 1 or not Path(words[0]).exists()) else None
    files = [Path(word) for word in words[1 if task else 0 :]]
    if not files:
        raise UsageError(f"init {task}: name the file to learn from, for instance seqnlp init {task} my.txt")
    if len(files) > 3 and files[0].exists():
        raise UsageError(f"init: {len(files)} files; expected train, and maybe dev and test")
    for place, file in enumerate(files):
        if not file.exists():
            hint = did_you_mean(str(file), tasks) if not place and task is None and len(files) > 1 else ""
            tasks_are = f"; the tasks are {', '.join(tasks)}" if not place and len(files) > 1 and not task else ""
            raise DataError(f"no such file{tasks_are}", file, hint=hint)
    return task, files


def _target(files: Sequence[Path], out: Path | None) -> Path:
    """File of the recipe: called like the corpus, or like its folder if the file is called train."""
    first = files[0]
    stem = first.name.removesuffix(".gz")
    stem = stem if first.is_dir() else stem.partition(".")[0] or "my"
    if stem.lower() in SPLITS or not stem:
        stem = first.resolve().parent.name
    name = re.sub(r"[^\w-]+", "_", stem).strip("_") or "my"
    if out is None:
        return Path(f"{name}.toml")
    if out.is_dir():
        return out / f"{name}.toml"
    return out if out.suffix else out.with_name(f"{out.name}.toml")


def _recipe(
    task: str | None, files: list[Path], text: str | None, label: str | None, target: Path, asker: Asker
) -> tuple[str, list[str]]:
    """Draft the recipe, check it and read the corpus by it.

    Returns:
        Its text, and what was found.
    """
    from seqnlp.recipe import parse_recipe
    from seqnlp.recipe.drafts import DRAFTS
    from seqnlp.recipe.load import path_resolver
    from seqnlp.tasks.base import TaskRecipe

    kind, given, path = _given(task, files, asker)
    given = replace(given, text=text, label=label)
    chosen = task or kind
    if task is None:
        asker.tell(f"{files[0]}: taken for the task `{chosen}`; `seqnlp init TASK {files[0]}` names another")
    try:
        draft = DRAFTS[chosen](given, path)
    except DataError as error:
        raise error.replace(path=error.path or files[0]) from None
    content = draft.render(_command(target))
    import_tasks()
    recipe = parse_recipe(content, target)
    assert isinstance(recipe, TaskRecipe)
    recipe.corpus(path_resolver(target))
    return content, [f"{draft.about}", *draft.facts]


def _given(task: str | None, files: list[Path], asker: Asker) -> tuple[str, Given, Path]:
    """Recognise the files: the likeliest task, what is given for its draft, and the file of train."""
    from seqnlp.recipe.drafts import Given

    if files[0].is_dir():
        found = _folder(files[0], asker)
        if isinstance(found, tuple):
            return found
        files = found
    if len(files) == 2 and files[0].stem == files[1].stem and files[0].parent == files[1].parent:
        return _pair(files, asker)
    splits = _splits(files)
    path = splits["train"]
    for split, file in _siblings(path).items():
        if split not in splits:
            splits[split] = file
            asker.tell(f"{split}: {file}, which is named like {path.name}")
    kind, reader, settings, has_names = _format(
        task, path, asker, [file for split, file in splits.items() if split != "train"]
    )
    sources = {split: str(file) for split, file in splits.items()}
    if reader == "hub":
        if others := [sources[split] for split in sources if split != "train"]:
            asker.tell(f"{', '.join(others)}: left out, as the reader of {path.name} takes one file")
        sources = {"train": "train"}
    return kind, Given(sources, reader, settings, asker, asker.tell, has_names), path


def _folder(folder: Path, asker: Asker) -> list[Path] | tuple[str, Given, Path]:
    """Files of the splits in a folder; a dataset as a whole."""
    from seqnlp.readers import Hub, Parallel
    from seqnlp.readers.audio import SUFFIXES
    from seqnlp.readers.local import open_corpus
    from seqnlp.readers.sniff import task_of_table
    from seqnlp.recipe.drafts import Given

    if any(file.suffix.lower() in SUFFIXES for file in folder.iterdir()):
        return "transcribe", Given({"train": f"{folder}/"}, "audio", {}, asker, asker.tell), folder
    corpus = open_corpus(str(folder), folder)
    if "train" not in corpus.splits:
        raise DataError("no file in it is called train", folder)
    splits = {SPLITS[name]: str(place) for name, place in corpus.splits.items() if name in SPLITS}
    if isinstance(corpus.reader, Hub):
        given = Given(splits, "hub", {"path": str(folder)}, asker, asker.tell)
        return task_of_table(given.read(folder)), given, folder
    if isinstance(corpus.reader, Parallel) and corpus.reader.suffixes:
        settings = {"suffixes": corpus.reader.suffixes}
        return "translate", Given(splits, "parallel", settings, asker, asker.tell), Path(splits["train"])
    return [Path(splits[split]) for split in ("train", "dev", "test") if split in splits]


def _pair(files: list[Path], asker: Asker) -> tuple[str, Given, Path]:
    """Two files of lines: a text and its translation."""
    from seqnlp.readers.encodings import UTF8
    from seqnlp.readers.table_settings import encoding_settings, is_ascii
    from seqnlp.recipe.drafts import Given

    found = {file: encoding_settings(file) for file in files if not is_ascii(file)}
    if len({str(each) for each in found.values()}) > 1:
        told = " and ".join(str(each.get("encoding", UTF8)) for each in found.values())
        raise DataError(f"its encoding is another than that of {files[1]} ({told}); save both as UTF-8", files[0])
    encoding = next(iter(found.values()), {})
    places = {"train": files[0].with_suffix("")}
    suffixes = [file.suffix.removeprefix(".") for file in files]
    ways = [_siblings(file) for file in files]
    for split, file in ways[0].items():
        if split in ways[1] and file.with_suffix("") == ways[1][split].with_suffix(""):
            places[split] = file.with_suffix("")
            asker.tell(f"{split}: {file} and {ways[1][split]}, which are named like {files[0].name}")
    sources = {split: str(place) for split, place in places.items()}
    return (
        "translate",
        Given(sources, "parallel", {"suffixes": suffixes, **encoding}, asker, asker.tell),
        places["train"],
    )


def _splits(files: list[Path]) -> dict[str, Path]:
    """Files of train, dev and test: by their names, or else in this order.

    Raises:
        seqnlp.errors.UsageError: two files for a split; none for train.
    """
    splits: dict[str, Path] = {}
    unnamed = []
    for file in files:
        words = re.split("[^a-z]+", file.name.lower())
        split = next((SPLITS[word] for word in words if word in SPLITS), None) if len(files) > 1 else "train"
        if split is None:
            unnamed.append(file)
        elif split in splits:
            raise UsageError(f"init: {splits[split]} and {file} are both called {split}; name one file for each split")
        else:
            splits[split] = file
    for file in unnamed:
        splits[next(split for split in ("train", "dev", "test") if split not in splits)] = file
    if "train" not in splits:
        raise UsageError(f"init: {', '.join(map(str, files))}: no file for train")
    return splits


def _siblings(train: Path) -> dict[str, Path]:
    """Files of dev and test, named like train."""
    found: dict[str, Path] = {}
    for word, split in SPLITS.items():
        name = re.sub(r"(?<![A-Za-z])train(?![A-Za-z])", word, train.name)
        if split != "train" and name != train.name and train.with_name(name).is_file():
            found.setdefault(split, train.with_name(name))
    return found


def _format(
    task: str | None, path: Path, asker: Asker, beside: Sequence[Path] = ()
) -> tuple[str, str, dict[str, Any], bool]:
    """Recognise a file.

    Returns:
        The likeliest task; kind and settings of the reader; and true if the columns have names in the file.
    """
    from seqnlp.readers.sniff import columns_reader, dialect, format_of, head
    from seqnlp.readers.table_settings import are_tabs_alone, encoding_settings

    kind = recognised(path, "\0")
    if task == "forecast":
        return "forecast", "series", {}, True
    if kind in ("jsonl", "json", "hub"):
        return _table(
            task, path, "jsonl" if kind == "jsonl" else "hub", asker, encoding_settings(path) if kind == "jsonl" else {}
        )
    encoding = encoding_settings(path)
    lines = head(path, **encoding)
    found = format_of(path, lines, kind)
    if found == "conllu":
        return "tag", "conllu", encoding, True
    if found == "columns" or (task == "tag" and found == "text"):
        return "tag", "columns", {**columns_reader(lines, path)[1], **encoding}, False
    if found == "series" and task is None:
        return "forecast", "series", {}, True
    if found in ("csv", "series"):
        if task == "translate" and path.suffix == ".txt" and (found == "series" or are_tabs_alone(lines)):
            return "translate", "parallel", {**_parallel(lines), **encoding}, True
        way = dialect(path, lines, asker, beside)
        return _table(task, path, "csv", asker, way.settings, way.has_names)
    return ("translate", "parallel", encoding, True) if task == "translate" else ("lm", "text", encoding, True)


def _table(
    task: str | None, path: Path, reader: str, asker: Asker, settings: dict[str, Any] | None = None, named: bool = True
) -> tuple[str, str, dict[str, Any], bool]:
    """Recognise the task of a table; one of recordings, or of pairs without names, has a reader of its own."""
    from seqnlp.readers.delimited import usual_delimiter
    from seqnlp.readers.sniff import head, task_of_table
    from seqnlp.recipe.drafts import Given, table_of_recordings

    settings = {"path": str(path)} if reader == "hub" else dict(settings or {})
    source = {"train": "train" if reader == "hub" else str(path)}
    dataset = Given(source, reader, settings, asker, asker.tell, named).read(path)
    chosen = task or task_of_table(dataset)
    if chosen == "transcribe":
        return chosen, "audio", table_of_recordings(dataset), True
    by_tabs = reader == "csv" and not named and settings.get("delimiter", usual_delimiter(path)) == "\t"
    if chosen == "translate" and by_tabs and "quotechar" not in settings:
        encoding = {key: value for key, value in settings.items() if key == "encoding"}
        return chosen, "parallel", {**_parallel(head(path, **encoding)), **encoding}, True
    return chosen, reader, settings, named


def _parallel(lines: Sequence[str]) -> dict[str, Any]:
    """Settings of the reader of lines of source and target; columns after these are left out."""
    width = next((line.count("\t") + 1 for line in lines if line.strip()), 2)
    return {"names": ["source", "target", *["_"] * (width - 2)]} if width > 2 else {}
