"""The `[data]` section: where a corpus is and how it is read."""

from seqnlp.readers import Reader
from seqnlp.spec import Spec


class Data(Spec):
    """Files (or split expressions of a hub reader) for each split."""

    reader: Reader
    """How the files are read: conllu, columns, csv, jsonl, text, parallel, series, hub."""
    train: str
    """What to train on; of a file also a slice: `train.txt[:95%]`, `train.txt[-500:]`."""
    dev: str
    """What decides when to stop and which model is kept."""
    test: str | None = None
    """What is scored once, at the very end."""
