from itertools import pairwise, product

import pytest

from seqnlp.codecs import Column
from seqnlp.codecs.spans import PREFIXES, Scheme, allowed_transitions, check_tags, read_spans, write_spans
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
            found.update(respelled(scheme, size, label, rest))
    return found


def respelled(scheme: Scheme, size: int, label: str, rest: tuple[str, ...]) -> set[tuple[str, ...]]:
    """The sequences of a span before some others, where the scheme marks that the same label follows."""
    first = written(scheme, size, label)
    touching = rest[:1] in ((f"I-{label}",), (f"E-{label}",))
    if scheme == "iob1" and touching:
        rest = (f"B-{label}", *rest[1:])
    if scheme == "ioe1" and touching:
        first = [*first[:-1], f"E-{label}"]
    return {(*first, *rest)}


def written(scheme: Scheme, size: int, label: str) -> list[str]:
    begin, middle, end, alone = tuple(
        {
            "bio": "BIIB",
            "bioes": "BIES",
            "bilou": "BILU",
            "bmes": "BMES",
            "bmewo": "BMEW",
            "iob1": "IIII",
            "ioe1": "IIII",
            "ioe2": "IIEE",
        }[scheme]
    )
    prefixes = alone if size == 1 else begin + middle * (size - 2) + end
    return [f"{prefix}-{label}" for prefix in prefixes]


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


@pytest.mark.parametrize("tag", ["X", "B-", "-X", "", "b-X", "BI-X", "O-X"])
def test_scheme_refuses_other_tags(tag: str) -> None:
    with pytest.raises(DataError) as caught:
        allowed_transitions(["O", tag], "bio")
    assert str(caught.value) == f"{tag!r} is no tag of the scheme bio: expected O, B-..., I-..."


@pytest.mark.parametrize(
    ("scheme", "tags", "fitting"),
    [
        ("bio", ["B-X", "L-X", "U-X"], "bilou"),
        ("bio", ["B-X", "M-X", "E-X", "S-X"], "bmes"),
        ("iob1", ["B-X", "M-X", "W-X"], "bmewo"),
        ("bmes", ["B-X", "I-X"], "bio"),
        ("bio", ["I-X", "E-X"], "ioe1"),
        ("bilou", ["S-X", "E-X"], "bioes"),
    ],
)
def test_letters_of_another_scheme_name_it(scheme: Scheme, tags: list[str], fitting: str) -> None:
    with pytest.raises(
        DataError, match=f"no tag of the scheme {scheme}: .*; all the tags are in the scheme {fitting}$"
    ):
        allowed_transitions(["O", *tags], scheme)


@pytest.mark.parametrize("letters", ["BILU", "BMES", "BMEW", "BIES"])
def test_bioes_reads_the_letters_of_all_schemes_that_mark_both_ends(letters: str) -> None:
    begin, middle, end, alone = tuple(letters)
    column = Column.from_rows([[f"{begin}-X", f"{middle}-X", f"{end}-X", "O", f"{alone}-Y"]])
    check_tags(column, "bioes")
    assert write_spans(read_spans(column, "bioes"), column.codes.offsets, "bioes").rows() == [
        ["B-X", "I-X", "E-X", "O", "S-Y"]
    ]
