from itertools import pairwise, product

import pytest

from seqnlp.codecs.spans import PREFIXES, Scheme, allowed_transitions
from seqnlp.errors import DataError

LABELS = ("X", "Y")


def tags_of(scheme: Scheme) -> list[str]:
    return ["O", *(f"{prefix}-{label}" for prefix in PREFIXES[scheme] for label in LABELS)]


def sequences_of_spans(scheme: Scheme, length: int) -> set[tuple[str, ...]]:
    """Every tag sequence of a length that writes down some spans: built from spans, not from rules about tags."""
    found: set[tuple[str, ...]] = {()} if length == 0 else set()
    if length:
        found |= {("O", *rest) for rest in sequences_of_spans(scheme, length - 1)}
    for size, label in product(range(1, length + 1), LABELS):
        for rest in sequences_of_spans(scheme, length - size):
            found.add((*written(scheme, size, label), *rest))
            if scheme == "iob1" and rest[:1] == (f"I-{label}",):
                found.discard((*written(scheme, size, label), *rest))
                found.add((*written(scheme, size, label), f"B-{label}", *rest[1:]))
    return found


def written(scheme: Scheme, size: int, label: str) -> list[str]:
    prefixes = {
        "bio": "B" + "I" * (size - 1),
        "bioes": "S" if size == 1 else "B" + "I" * (size - 2) + "E",
        "iob1": "I" * size,
    }
    return [f"{prefix}-{label}" for prefix in prefixes[scheme]]


@pytest.mark.parametrize("scheme", list(PREFIXES))
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_allowed_are_just_the_sequences_that_write_down_spans(scheme: Scheme, length: int) -> None:
    tags = tags_of(scheme)
    allowed = allowed_transitions(tags, scheme)
    boundary = len(tags)
    assert allowed.shape == (boundary + 1, boundary + 1)
    passed = {
        tuple(tags[number] for number in path)
        for path in product(range(boundary), repeat=length)
        if all(allowed[pair] for pair in pairwise((boundary, *path, boundary)))
    }
    assert passed == sequences_of_spans(scheme, length)


def test_tags_without_a_label_are_spans_of_one_kind() -> None:
    allowed = allowed_transitions(["B", "I", "O"], "bio")
    assert allowed.tolist() == [[True] * 4, [True] * 4, [True, False, True, True], [True, False, True, True]]


@pytest.mark.parametrize("tag", ["X", "E-X", "B-", "-X", "", "b-X", "BI-X", "O-X"])
def test_scheme_refuses_other_tags(tag: str) -> None:
    with pytest.raises(DataError) as caught:
        allowed_transitions(["O", tag], "bio")
    assert str(caught.value) == f"{tag!r} is no tag of the scheme bio: expected O, B-..., I-..."
