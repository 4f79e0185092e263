"""Readers turn files into tables: one row per sequence, one column a kind of annotation.

| kind | reads | columns |
|---|---|---|
| `conllu` | Universal Dependencies | `form lemma upos xpos feats head deprel deps misc`, `sent_id`, `text` |
| `conllu_words` | the same, a word a row | those of the nine that are needed, as text |
| `columns` | a token per line, an empty line between sentences | those named |
| `csv` | comma- or tab-separated values | those of the header |
| `jsonl` | a JSON object a line | its keys |
| `text` | lines, paragraphs or whole files | `text` |
| `parallel` | sentences and their translations | `source`, `target`, or those named |
| `series` | numbers with times, csv or parquet | those of numbers; `unique_id`, `ds` |
| `audio` | recordings: wav; flac and others by soundfile | `audio`; those of a table, or of the file names |
| `hub` | the Hugging Face Hub, parquet | those of the dataset |
| `memory` | tables given in Python | those of the table |

All but `audio`, `hub` and `memory` read UTF-8 text, compressed with gzip or not. Of `csv`, `jsonl`, `hub` and `memory`
only the columns that a task needs are read and checked; rows where one of them is empty are left out with a note,
whatever the reader. Tables are kept in a folder of the cache of `datasets`: see `cache`.
"""

from seqnlp.readers.audio import Audio
from seqnlp.readers.base import Corpus, Reader, read_corpus
from seqnlp.readers.conll import Columns, Conllu, parse_conllu, rewrite_conllu
from seqnlp.readers.conllu_words import ConlluWords
from seqnlp.readers.csv import Csv
from seqnlp.readers.hub import Hub
from seqnlp.readers.jsonl import Jsonl
from seqnlp.readers.memory import Memory
from seqnlp.readers.series import Series
from seqnlp.readers.text import Parallel, Text

__all__ = [
    "Audio",
    "Columns",
    "Conllu",
    "ConlluWords",
    "Corpus",
    "Csv",
    "Hub",
    "Jsonl",
    "Memory",
    "Parallel",
    "Reader",
    "Series",
    "Text",
    "parse_conllu",
    "read_corpus",
    "rewrite_conllu",
]
