"""Datasets of the Hugging Face Hub, and whatever else `datasets.load_dataset` reads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from seqnlp.errors import DataError, SeqnlpError
from seqnlp.readers.arrow_text import check_text
from seqnlp.readers.base import Reader, quiet_datasets
from seqnlp.terminal_text import bar_stream

if TYPE_CHECKING:
    from datasets import Dataset, DatasetBuilder, Features

FORMATS = {".parquet": "parquet", ".arrow": "arrow", ".jsonl": "json", ".json": "json", ".csv": "csv", ".txt": "text"}


PATIENCE = 10
"""Timeout of the Hub's first answer, in seconds."""


class Hub(Reader):
    """Dataset of the Hugging Face Hub, or a local folder or file. Class labels become their names.

    A split is an expression: `train`, `train[:90%]`, `train[90%:]`, `validation`, `train+validation`.
    """

    reads_files: ClassVar[bool] = False

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
        splits: list[str] = []
        with quiet_datasets(bars=sys.stderr.isatty()), redirect_stderr(bar_stream()):
            try:
                builder = self.builder()
                builder.download_and_prepare()
                splits = list(builder.info.splits)
                return with_names(check_text(builder.as_dataset(split=str(source)), self.path))
            except SeqnlpError:
                raise
            except Exception as error:  # each of the many libraries involved has its own errors
                raise DataError(f"cannot load {str(source)!r}: {reason(error, splits)}", self.path) from error

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

    def label(feature: Any) -> Any:
        while isinstance(feature, datasets.List | datasets.LargeList):
            feature = feature.feature
        return feature if isinstance(feature, datasets.ClassLabel) else None

    def as_text(feature: Any) -> Any:
        if isinstance(feature, datasets.List | datasets.LargeList):
            return datasets.List(as_text(feature.feature))
        return datasets.Value("string")

    labels = {name: found.names for name, feature in dataset.features.items() if (found := label(feature))}
    if not labels:
        return dataset
    features: Features = dataset.features.copy()
    for name in labels:
        features[name] = as_text(features[name])
    return dataset.map(
        names_of_batch, batched=True, features=features, input_columns=list(labels), fn_kwargs={"labels": labels}
    )


def names_of_batch(*columns: list[Any], labels: dict[str, list[str]]) -> dict[str, list[Any]]:
    """Decode a batch of columns of class labels."""
    pairs = zip(labels.items(), columns, strict=True)
    return {name: [names_of(cell, classes) for cell in column] for (name, classes), column in pairs}


def names_of(cell: Any, classes: list[str]) -> Any:
    """Decode a class label or a list of them; None for -1, which means unlabelled."""
    if isinstance(cell, list):
        return [names_of(element, classes) for element in cell]
    return None if cell is None or cell < 0 else classes[cell]
