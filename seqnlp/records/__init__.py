"""Records of tables and texts, written again with columns added.

| class | format | what is kept |
|---|---|---|
| `CsvRecords` | csv, tsv, other delimiters | each byte; the new fields stand at the right |
| `JsonLinesRecords` | an object a line | each byte; the new keys stand at the end of an object |
| `JsonArrayRecords` | an array of objects | the same |
| `ArrowRecords` | parquet, arrow | types, metadata, nulls, row groups and compression |
| `LineRecords` | lines of text | they become a column |

`rows.py` writes rows in the format of a reader. All others read block by block and keep no more than one block.
`JsonLinesWriter` writes any of them as JSON Lines, `TableWriter` rows of a csv and lines as a csv of another delimiter.
"""

from seqnlp.records.arrow import ArrowRecords
from seqnlp.records.base import Block, JsonLinesWriter, Lines, Records, Writer, file_lines
from seqnlp.records.columns import Added, Shape, Values
from seqnlp.records.csv import CsvRecords, TableWriter
from seqnlp.records.json import JsonArrayRecords, JsonLinesRecords
from seqnlp.records.lines import LineRecords

__all__ = [
    "Added",
    "ArrowRecords",
    "Block",
    "CsvRecords",
    "JsonArrayRecords",
    "JsonLinesRecords",
    "JsonLinesWriter",
    "LineRecords",
    "Lines",
    "Records",
    "Shape",
    "TableWriter",
    "Values",
    "Writer",
    "file_lines",
]
