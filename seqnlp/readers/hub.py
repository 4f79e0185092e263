"""Datasets of the Hugging Face Hub, and whatever else `datasets.load_dataset` reads."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, final

from pydantic import Field

from seqnlp.errors import DataError, SeqnlpError
from seqnlp.readers.arrow_text import check_text
from seqnlp.readers.base import Reader, quiet_datasets
from seqnlp.readers.shards import FileWatch, Shard, in_memory
from seqnlp.readers.slices import rows_of, split_slice
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset, DatasetBuilder, Features, IterableDataset

FORMATS = {".parquet": "parquet", ".arrow": "arrow", ".jsonl": "json", ".json": "json", ".csv": "csv", ".txt": "text"}


TRANSLATION = "translation"
"""Column of corpora of the Hub that holds a sentence in several languages."""

PATIENCE = 10
"""Timeout of the Hub's first answer, in seconds."""


class Hub(Reader):
    """Dataset of the Hugging Face Hub, or a local folder or file. Class labels become their names.

    A folder may hold files of these formats, or be what `save_to_disk` writes.
    A split is an expression: `train`, `train[:90%]`, `train[90%:]`, `validation`, `train+validation`.
    """

    reads_files: ClassVar[bool] = False
    streams: ClassVar[bool] = True

    kind: Literal["hub"] = "hub"
    path: Annotated[str, Field(min_length=1)]
    """Name of the dataset on the Hub, a folder, or a file (parquet, arrow, jsonl, json, csv, txt)."""
    config: str | None = None
    """Configuration of the dataset, if it has several."""
    revision: str | None = None
    """Branch, tag or commit on the Hub; naming a commit makes the training repeatable."""

    def read(self, source: str | Path) -> Dataset:
        """Read a split that an expression names.

        Raises:
            seqnlp.errors.DataError: no such dataset, configuration or split; no network; a broken file.
        """
        with self.loading(source) as splits:
            return with_names(check_text(self.table(source, splits), self.path))

    def read_columns(self, source: str | Path, columns: Collection[str]) -> Dataset:
        """Read some columns of a split; also languages of the column `translation`."""
        with self.loading(source) as splits:
            chosen = chosen_columns(self.table(source, splits), columns, self.name_of(source))
            return with_names(check_text(chosen, self.path))

    def shards(self, source: str, find: Callable[[str], Path]) -> list[Shard]:
        """List the files of a split; what is fetched of them is not kept.

        Raises:
            seqnlp.errors.DataError: as `read`; an expression that is not the name of a split.
        """
        if is_saved(Path(self.path)):
            raise DataError("a folder of save_to_disk is mapped from the disk as it is: leave out streaming", self.path)
        with self.loading(source) as splits:
            builder = self.builder()
            splits.extend(map(str, builder.config.data_files or {}))
            if source not in splits:
                found = f"expected the name of a split, {', '.join(splits)}, found {source!r}"
                raise DataError(f"slices and sums of splits can't be streamed: {found}", self.path)
            whole: Any = builder.as_streaming_dataset(split=source)
            files = list(map(str, builder.config.data_files[source]))
            digests = hub_digests(files)
            if whole.num_shards != len(files):  # a format whose files are parted otherwise
                together = hashlib.sha256(" ".join(digests).encode()).hexdigest()
                return [HubShard(self, source, files, whole, together)]
            number = len(files)
            return [
                HubShard(self, source, [file], whole.shard(number, at), digest)
                for at, (file, digest) in enumerate(zip(files, digests, strict=True))
            ]

    @contextmanager
    def loading(self, source: str | Path) -> Iterator[list[str]]:
        """Convert errors of the block to a `DataError` of one line.

        Yields a list that the block fills with the names of the splits, for the message.
        """
        splits: list[str] = []
        with quiet_datasets(bars=sys.stderr.isatty()):
            try:
                yield splits
            except SeqnlpError:
                raise
            except Exception as error:  # each of the many libraries involved has its own errors
                raise DataError(f"cannot load {str(source)!r}: {reason(error, splits)}", self.path) from error

    def table(self, source: str | Path, splits: list[str]) -> Dataset:
        """Read all columns of a split; fill in the list of splits."""
        if is_saved(Path(self.path)):
            saved = saved_splits(Path(self.path))
            splits.extend(saved)
            return rows_of_expression(saved, str(source), self.path)
        builder = self.builder()
        builder.download_and_prepare()
        splits.extend(builder.info.splits)
        return builder.as_dataset(split=str(source))

    def splits(self) -> list[str]:
        """Names of the splits.

        Raises:
            seqnlp.errors.DataError: as `read`.
        """
        with self.loading("all splits") as names:
            if is_saved(Path(self.path)):
                return list(saved_splits(Path(self.path)))
            builder = self.builder()
            builder.download_and_prepare()
            names.extend(builder.info.splits)
            return names

    def name_of(self, source: str | Path) -> str:
        return f"{self.path} ({source})"

    def builder(self) -> DatasetBuilder:
        """Builder of the dataset, with its description fetched."""
        import datasets

        file = Path(self.path)
        if not file.is_file():
            with nullcontext() if file.exists() or hub_answers(self.path) else offline():
                return datasets.load_dataset_builder(self.path, name=self.config, revision=self.revision)
        if file.suffix not in FORMATS:
            raise DataError(f"cannot read a {file.suffix or 'nameless'} file; expected {', '.join(FORMATS)}", file)
        return datasets.load_dataset_builder(FORMATS[file.suffix], data_files=str(file))


ON_HUB = re.compile("hf://datasets/([^@]+)@([^/]+)/(.+)")
"""Address of a file: its dataset, revision and path."""
ASKED = 500
"""Files that the Hub is asked about at once."""
ROWS = 5000
"""Rows of a streamed dataset that are read at once."""


@final
class HubShard(Shard):
    """Files of a dataset, streamed by `datasets`."""

    def __init__(self, reader: Hub, source: str, files: list[str], rows: IterableDataset, digest: str) -> None:
        """Store the rows; hash files on this machine.

        Args:
            reader: The reader.
            source: Name of the split.
            files: Paths or addresses.
            rows: Their rows.
            digest: Digest of files elsewhere.
        """
        local = [Path(file) for file in files if "://" not in file]
        self._watch = FileWatch(local) if len(local) == len(files) else None
        beside = f"{Path(reader.path).resolve()}/"
        name = files[0].partition("@")[2].partition("/")[2] or files[0].removeprefix(beside)
        super().__init__(name, files[0], digest if self._watch is None else self._watch.digest)
        self._reader, self._source, self._rows = reader, source, rows

    def place_of(self, row: int, item: int) -> str:
        return f"{self.place}, row {row + 1:,}"

    def check(self) -> None:
        if self._watch is not None:
            self._watch.check()

    def pieces(self, columns: Collection[str], first: int = 0) -> Iterator[Dataset]:
        tables = self._rows.skip(first).with_format("arrow").iter(ROWS)
        while True:
            with self._reader.loading(self._source):
                table: Any = next(tables, None)
                if table is None:
                    return
                features = self._rows.features
                whole = in_memory(table, features if features is not None else features_in(table))
                chosen = chosen_columns(whole, columns, self.place)
                named = with_names(check_text(chosen, self.place))
            yield in_memory(named.with_format("arrow")[:], named.features)


def features_in(table: Any) -> Features:
    """Types of the columns of an Arrow table."""
    import datasets

    return datasets.Features.from_arrow_schema(table.schema)


def hub_digests(files: Sequence[str]) -> list[str]:
    """Digest of each of some files of the Hub: its own hash of their content.

    Other addresses are told apart by their names.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    found: dict[str, str] = {}
    asked: dict[tuple[str, str], dict[str, str]] = {}
    for file in files:
        if place := ON_HUB.fullmatch(file):
            asked.setdefault((place[1], place[2]), {})[place[3]] = file
    for (name, revision), paths in asked.items():
        names = list(paths)
        for start in range(0, len(names), ASKED):
            some = names[start : start + ASKED]
            for each in HfApi().get_paths_info(name, some, revision=revision, repo_type="dataset"):
                if isinstance(each, RepoFile):
                    found[paths[each.path]] = each.blob_id if each.lfs is None else each.lfs.sha256
    return [found.get(file) or hashlib.sha256(file.encode()).hexdigest() for file in files]


def is_saved(folder: Path) -> bool:
    """True for a folder that `save_to_disk` of `datasets` has written."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def saved_splits(folder: Path) -> dict[str, Dataset]:
    """Tables that `save_to_disk` has written, by split; a single one without a split is `train`."""
    import datasets

    saved = datasets.load_from_disk(str(folder))
    if isinstance(saved, datasets.DatasetDict):
        return dict(saved)
    return {str(saved.split or "train"): saved}


def rows_of_expression(splits: Mapping[str, Dataset], expression: str, place: str) -> Dataset:
    """Rows that an expression such as `train[:90%]+test` names."""
    import datasets

    parts = []
    for term in expression.split("+"):
        name, part = split_slice(term.strip())
        if name not in splits:
            raise DataError(f"cannot load {expression!r}: no such split; it has {', '.join(splits)}", place)
        whole = splits[name]
        parts.append(whole.select(rows_of(part, len(whole))) if part else whole)
    return parts[0] if len(parts) == 1 else datasets.concatenate_datasets(parts)


def chosen_columns(dataset: Dataset, columns: Collection[str], place: str) -> Dataset:
    """Select columns, or else languages of the column `translation`.

    Raises:
        seqnlp.errors.DataError: one is missing; `place` is the name of the table.
    """
    missing = [name for name in columns if name not in dataset.column_names]
    if len(missing) == len(columns) and TRANSLATION in dataset.column_names:
        dataset = languages_of(dataset)
    for name in missing:
        if name not in dataset.column_names:
            raise DataError(f"no column {name!r}: {nearest_or_all(name, dataset.column_names)}", place)
    return dataset.select_columns(list(columns))


def languages_of(dataset: Dataset) -> Dataset:
    """Table with a column for each language of the column `translation`."""
    flat = dataset.select_columns([TRANSLATION]).flatten()
    return flat.rename_columns({name: name.removeprefix(f"{TRANSLATION}.") for name in flat.column_names})


def hub_answers(name: str) -> bool:
    """Probe the Hub with a short timeout: `datasets` would retry for half a minute.

    True also for the answer that there is no such dataset.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        HfApi().dataset_info(name, timeout=PATIENCE)
    except (HfHubHTTPError, HFValidationError):  # `datasets` will report it
        return True
    except Exception:  # any error of the libraries below
        return False
    return True


@contextmanager
def offline() -> Iterator[None]:
    """Restrict `datasets` to its cache: without one it then fails at once."""
    import datasets
    from huggingface_hub import constants

    before = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before


def reason(error: Exception, splits: list[str]) -> str:
    """Describe an error in one line, with the splits to choose from."""
    from datasets.exceptions import DatasetGenerationError

    cause = (isinstance(error, DatasetGenerationError) and error.__cause__) or error
    message = " ".join(str(cause).split()) or type(cause).__name__
    if message.startswith("Unknown split"):
        return f"no such split; it has {', '.join(splits)}"
    return message + (f" (it has the splits {', '.join(splits)})" if splits else "")


def with_names(dataset: Dataset) -> Dataset:
    """Decode class labels, also inside lists, to the names of their classes."""
    import datasets

    def as_text(feature: Any) -> Any:
        if isinstance(feature, datasets.List | datasets.LargeList):
            return datasets.List(as_text(feature.feature))
        return datasets.Value("string")

    labels = {name: found for name, feature in dataset.features.items() if (found := class_names(feature))}
    if not labels:
        return dataset
    features = datasets.Features({name: as_text(dataset.features[name]) for name in labels})
    named = dataset.select_columns(list(labels)).map(
        names_of_batch,
        batched=True,
        features=features,
        input_columns=list(labels),
        fn_kwargs={"labels": labels},
        keep_in_memory=True,  # a cache file would hold the other columns, too, and lie in the user's folder
    )
    others = [name for name in dataset.column_names if name not in labels]
    if not others:
        return named
    whole = datasets.concatenate_datasets([dataset.select_columns(others), named], axis=1)
    return whole.select_columns(dataset.column_names)


def class_names(feature: Any) -> list[str]:
    """Names of the classes of a feature, also inside lists; empty for others."""
    import datasets

    while isinstance(feature, datasets.List | datasets.LargeList):
        feature = feature.feature
    return list(feature.names) if isinstance(feature, datasets.ClassLabel) else []


def names_of_batch(*columns: list[Any], labels: dict[str, list[str]]) -> dict[str, list[Any]]:
    """Decode a batch of columns of class labels."""
    pairs = zip(labels.items(), columns, strict=True)
    return {name: [names_of(cell, classes) for cell in column] for (name, classes), column in pairs}


def names_of(cell: Any, classes: list[str]) -> Any:
    """Decode a class label or a list of them; None for -1, which means unlabelled."""
    if isinstance(cell, list):
        return [names_of(element, classes) for element in cell]
    return None if cell is None or cell < 0 else classes[cell]
