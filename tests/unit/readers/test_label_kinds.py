"""Labels that are whole numbers or booleans are the same classes in every format."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

from seqnlp.codecs.label_columns import label_column
from seqnlp.readers import Columns, Csv, Hub, Jsonl, Reader

WAYS = ["csv", "tsv", "jsonl", "parquet", "saved", "columns"]


def written(kind: str, labels: list[Any], folder: Path) -> tuple[Reader, str | Path]:
    rows = [{"text": f"text {number}", "label": label} for number, label in enumerate(labels)]
    path = folder / f"x.{kind}"
    if kind in ("csv", "tsv"):
        sign = "," if kind == "csv" else "\t"
        path.write_text("\n".join([f"text{sign}label", *(f"{row['text']}{sign}{row['label']}" for row in rows)]))
        return Csv(), path
    if kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
        return Jsonl(), path
    if kind == "columns":
        path.write_text("\n".join(f"word {row['label']}" for row in rows))
        return Columns(names=["word", "label"]), path
    table = datasets.Dataset.from_list(rows)
    if kind == "parquet":
        table.to_parquet(path)
    else:
        table.save_to_disk(path)
    return Hub(path=str(path)), "train"


CASES: dict[str, tuple[list[Any], list[str]]] = {
    "whole numbers": ([2, 0, -1, 2], ["2", "0", "-1", "2"]),
    "booleans": ([True, False, True, True], ["True", "False", "True", "True"]),
    "whole floats": ([1.0, 0.0, 3.0, 1.0], ["1", "0", "3", "1"]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", WAYS)
def test_labels_are_the_same_classes_in_every_format(kind: str, case: str, tmp_path: Path) -> None:
    labels, expected = CASES[case]
    reader, source = written(kind, labels, tmp_path)
    column = label_column(reader.load(source), "label")
    assert [column.distinct[code] for code in column.codes.values] == expected


LISTS: dict[str, Callable[[Path], tuple[Reader, str | Path]]] = {
    "jsonl": lambda folder: written("jsonl", [[1, 0], [2]], folder),
    "parquet": lambda folder: written("parquet", [[1, 0], [2]], folder),
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_of_whole_numbers_are_labels(kind: str, tmp_path: Path) -> None:
    reader, source = LISTS[kind](tmp_path)
    column = label_column(reader.load(source), "label")
    assert [column.distinct[code] for code in column.codes.values] == ["1", "0", "2"]
