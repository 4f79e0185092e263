import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import conllu
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.readers import Conllu, parse_conllu, rewrite_conllu
from seqnlp.readers.conll import COLUMNS
from seqnlp.readers.files import raw_lines

SAMPLE = """# newdoc id = d
# sent_id = s1
# text = Vámonos al mar
1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tVamos\tir\tVERB\t_\t_\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_
2.1\tnada\t_\t_\t_\t_\t_\t_\t1:x\t_
3\tal mar\ta\tADP\tIN\tA=b|C=d\t1\tobl\t_\tSpaceAfter=No

# sent_id = s2
1\tSí\tsí\tINTJ\t_\t_\t0\troot\t_\t_
"""


def row(number: object, form: str = "x") -> str:
    return "\t".join([str(number), form, *["_"] * 8])


def parse(text: str) -> list[dict[str, Any]]:
    return list(parse_conllu(text.split("\n"), "f.conllu"))


def test_words_are_read_and_multiword_tokens_and_empty_nodes_are_not() -> None:
    first, second = parse(SAMPLE)
    assert first["form"] == ["Vamos", "nos", "al mar"]
    assert first["upos"] == ["VERB", "PRON", "ADP"]
    assert first["feats"] == ["_", "_", "A=b|C=d"]
    assert first["head"] == ["0", "1", "1"]
    assert first["misc"] == ["_", "_", "SpaceAfter=No"]
    assert (first["sent_id"], first["text"]) == ("s1", "Vámonos al mar")
    assert (second["form"], second["sent_id"], second["text"]) == (["Sí"], "s2", "")


@pytest.mark.parametrize("change", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("tail", ["", "\n", "\n\n\n"])
def test_ends_of_lines_byte_order_marks_and_missing_last_lines_do_not_matter(
    tmp_path: Path, change: str, mark: str, tail: str
) -> None:
    path = tmp_path / "s.conllu"
    path.write_bytes((mark + (SAMPLE.rstrip("\n") + tail).replace("\n", change)).encode())
    table = Conllu().load(path)
    assert table.column_names == [*COLUMNS, "sent_id", "text"]
    assert [dict(row) for row in table] == parse(SAMPLE)


def test_long_sentences_and_many_empty_lines() -> None:
    text = "\n\n\n" + "\n".join(row(number) for number in range(1, 1501)) + "\n\n\n\n" + row(1)
    assert [len(sentence["form"]) for sentence in parse(text)] == [1500, 1]


def test_comments_without_a_sentence_are_passed_over() -> None:
    assert [sentence["sent_id"] for sentence in parse(f"# sent_id = lost\n\n# x\n{row(1)}\n\n# end\n")] == [""]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{row(1)}\n2\tb\tc", "f.conllu:2: 3 tab-separated columns; expected 10"),
        ("1 a a NOUN _ _ 0 root _ _", "f.conllu:1: 1 tab-separated columns; expected 10"),
        (f"# c\n{row(1)}\n  \n{row(1)}", "f.conllu:3: 1 tab-separated columns; expected 10"),
        (f"# c\n{row(1)}\n{row(3)}", "f.conllu:3: id '3' after 1 words; expected 2"),
        (f"{row(1)}\n{row(1)}", "f.conllu:2: id '1' after 1 words; expected 2"),
        (f"{row(0)}", "f.conllu:1: id '0' after 0 words; expected 1"),
        (f"{row('x')}", "f.conllu:1: id 'x' after 0 words; expected 1"),
        (f"{row('')}", "f.conllu:1: id '' after 0 words; expected 1"),
        (f"{row('9' * 5000)}", f"f.conllu:1: id '{'9' * 5000}' after 0 words; expected 1"),
        (f"{row(1)}\n{row('1-2')}\n{row(2)}", "f.conllu:2: id '1-2' after 1 words; expected 2"),
        (f"{row('2-1')}\n{row(1)}", "f.conllu:1: id '2-1' after 0 words; expected 1"),
        (
            f"{row('1-3')}\n{row(1)}\n{row('2-4')}",
            "f.conllu:3: range '2-4' overlaps the one before it, which ends at 3",
        ),
        (f"{row(1)}\n{row('2.1')}\n{row(2)}", "f.conllu:2: id '2.1' after 1 words; expected 2"),
        (f"{row(1)}\n{row('1.2')}\n{row(2)}", "f.conllu:2: id '1.2' after 1 words; expected 2"),
        (f"\n{row('1-3')}\n{row(1)}\n{row(2)}", "f.conllu:2: a multiword token up to 3 in a sentence of 2 words"),
        (f"{row('0.1')}\n", "f.conllu:1: a sentence without words"),
        (f"{row(1)}\n# late", "f.conllu:2: a comment inside a sentence; an empty line ends a sentence"),
    ],
)
def test_bad_conllu_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        parse(text)
    assert str(caught.value) == problem


FIELD = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=6)


@st.composite
def sentences(draw: st.DrawFn) -> str:
    """A well-formed sentence, with multiword tokens and empty nodes here and there."""
    lines = [f"# sent_id = {draw(FIELD)}"] if draw(st.booleans()) else []
    lines += [f"# text = {draw(FIELD)}"] if draw(st.booleans()) else []
    if draw(st.integers(0, 9)) == 0:
        lines.append(row("0.1"))
    length = draw(st.integers(1, 6))
    covered = 0
    for number in range(1, length + 1):
        if number > covered and draw(st.integers(0, 3)) == 0:
            covered = draw(st.integers(number, length))
            lines.append(row(f"{number}-{covered}", draw(FIELD)))
        form, lemma, upos, deprel = (draw(FIELD) for _ in range(4))
        head = draw(st.integers(0, length))
        lines.append(f"{number}\t{form}\t{lemma}\t{upos}\t_\t_\t{head}\t{deprel}\t_\t_")
        for minor in range(1, draw(st.integers(0, 6)) - 3):
            lines.append(row(f"{number}.{minor}"))
    return "".join(f"{line}\n" for line in lines)


@given(st.lists(sentences(), min_size=1, max_size=4))
def test_reads_what_another_parser_reads(blocks: list[str]) -> None:
    text = "\n".join(blocks) + "\n"
    ours = parse(text)
    theirs = conllu.parse(text)
    assert len(ours) == len(theirs)
    for our, their in zip(ours, theirs, strict=True):
        words = [token for token in their if isinstance(token["id"], int)]
        assert our["sent_id"] == their.metadata.get("sent_id", "")
        assert our["text"] == their.metadata.get("text", "")
        for column in ("form", "lemma", "upos", "deprel"):
            assert our[column] == [token[column] or "_" for token in words]
        assert our["head"] == [str(token["head"]) for token in words]


@given(st.lists(sentences(), min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_rewriting_changes_only_what_it_is_asked_to(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[str], end: str, mark: bool, last: bool
) -> None:
    text = ("\ufeff" if mark else "") + ("\n".join(blocks) + ("\n" if last else "")).replace("\n", end)
    path = tmp_path_factory.getbasetemp() / "before.conllu"
    path.write_bytes(text.encode())
    columns = [{"upos": s["upos"], "misc": s["misc"]} for s in parse("\n".join(blocks))]
    same = io.BytesIO()
    rewrite_conllu(raw_lines(path, keep_mark=True), same, iter(columns), path)
    assert same.getvalue() == text.encode()

    out = io.BytesIO()
    marked = ({"misc": ["M"] * len(s["form"]), "upos": ["U"] * len(s["form"])} for s in parse("\n".join(blocks)))
    rewrite_conllu(raw_lines(path, keep_mark=True), out, marked, path)
    for before, after in zip(text.split(end), out.getvalue().decode().split(end), strict=True):
        fields, new = before.split("\t"), after.split("\t")
        if len(fields) == 10 and fields[0].removeprefix("\ufeff").isdigit():
            fields[3] = "U"
            fields[9] = "M"
        assert new == fields


def test_rewriting_with_too_few_or_too_many_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.conllu"
    path.write_text(SAMPLE)

    def rewrite(columns: Iterator[dict[str, list[str]]]) -> None:
        rewrite_conllu(raw_lines(path), io.BytesIO(), columns, path)

    with pytest.raises(ValueError, match="fewer sentences"):
        rewrite(iter([{"upos": ["A", "B", "C"]}]))
    with pytest.raises(ValueError, match="more sentences"):
        rewrite(iter([{}, {}, {}]))
    with pytest.raises(ValueError, match="shorter"):
        rewrite(iter([{"upos": ["A"]}, {}]))


@pytest.mark.benchmark
def test_parsing_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n\n".join("\n".join(row(number, "word") for number in range(1, 17)) for _ in range(12_500))
    start = time.perf_counter()
    words = sum(len(sentence["form"]) for sentence in parse(text))
    ours = time.perf_counter() - start
    start = time.perf_counter()
    conllu.parse(text)
    theirs = time.perf_counter() - start
    with capsys.disabled():
        print(f"\n{words} words: {ours:.2f} s, conllu {theirs:.2f} s, ratio {theirs / ours:.1f}")
    assert ours < theirs
