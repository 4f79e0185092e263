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

    @property
    def splits(self) -> dict[str, str]:
        """What the recipe calls each split that it has: `train`, `dev` and maybe `test`."""
        named = {"train": self.train, "dev": self.dev, "test": self.test}
        return {split: source for split, source in named.items() if source is not None}
