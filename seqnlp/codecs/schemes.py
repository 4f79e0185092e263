"""Tag schemes: spans of words as tags of the words.

| scheme | a span of three words | of one word | |
|---|---|---|---|
| `bio` | B-X I-X I-X | B-X | also called IOB2 |
| `bioes` | B-X I-X E-X | S-X | also called BILOU, IOBES |
| `iob1` | I-X I-X I-X | I-X | B-X only where one X follows another |

`O` stands for a word outside all spans.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError

Scheme = Literal["bio", "bioes", "iob1"]

PREFIXES: dict[Scheme, str] = {"bio": "BI", "bioes": "BIES", "iob1": "IB"}
"""Prefixes of the tags of a scheme, `O` apart."""


def parse_tags(tags: Sequence[str], scheme: Scheme) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Split tags into prefixes of one letter and labels (empty for `O` and a bare prefix).

    Raises:
        seqnlp.errors.DataError: for a tag that is none of the scheme's.
    """
    prefixes, labels = [], []
    for tag in tags:
        prefix, hyphen, label = tag.partition("-")
        if tag != "O" and (prefix not in tuple(PREFIXES[scheme]) or bool(hyphen) != bool(label)):
            choices = ", ".join(f"{letter}-..." for letter in PREFIXES[scheme])
            raise DataError(f"{tag!r} is no tag of the scheme {scheme}: expected O, {choices}")
        prefixes.append(prefix)
        labels.append(label)
    return np.array(prefixes, np.str_), np.array(labels, np.str_)


def allowed_transitions(tags: Sequence[str], scheme: Scheme) -> NDArray[np.bool_]:
    """Matrix of the allowed transitions between tags.

    Args:
        tags: The tags to number.
        scheme: What they mean.

    Returns:
        A square matrix from row to column, shape (tags + 1, tags + 1): its last row is the beginning of a sentence,
        its last column the end.

    Raises:
        seqnlp.errors.DataError: for a tag that is none of the scheme's.
    """
    prefixes, labels = parse_tags([*tags, "O"], scheme)  # before and after a sentence it is as after and before O
    same = labels[:, None] == labels
    goes_on = np.isin(prefixes, ["B"] if scheme == "iob1" else ["I", "E"])
    is_open = np.isin(prefixes, ["B", "I"])[:, None]
    allowed: NDArray[np.bool_] = is_open & same & goes_on
    allowed |= ~goes_on if scheme != "bioes" else ~goes_on & ~is_open
    return allowed
