"""Encodings: what Python reads is read, and what is not UTF-8 is answered with the likeliest name."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers import Columns, Conllu, Csv, Jsonl, Parallel, Reader, Series, Text
from seqnlp.readers.encodings import likely_encoding, wide_encoding
from seqnlp.readers.files import open_text, read_text
from seqnlp.readers.text import Passage

LANGUAGES = {
    "Müller kaufte für 5 € Äpfel in der Straße. Im März wäre es schöner.": "cp1252 mac_roman",
    "L’été, les élèves étaient très occupés à l’école ; ça va ?": "cp1252 mac_roman",
    "¿Cuántos años tiene el niño? ¡Mañana será otro día!": "cp1252 latin-1",
    "Não há informações sobre a situação do país, então não sei.": "cp1252 latin-1",
    "Räksmörgås är gott på våren. Åsa går över ån": "cp1252 cp850",
    "Það er gott að þú ert kominn, ég bý á Íslandi": "cp1252",
    "Zażółć gęślą jaźń. Proszę o źródło, dzień dobry": "cp1250 iso8859_2",
    "Příliš žluťoučký kůň úpěl ďábelské ódy. Dobrý den": "cp1250 iso8859_2",
    "Şu anda İstanbul'da yağmur yağıyor, çok güzel değil mi, ışık": "cp1254",
    "Привет, как дела? Сегодня хорошая погода, и мы пойдём гулять.": "cp1251 koi8_r cp866 iso8859_5",
    "Привіт, як справи? Сьогодні гарна погода, її немає": "cp1251 koi8_u",
    "Καλημέρα, τι κάνεις σήμερα; Ο καιρός είναι ωραίος": "cp1253",
    "שלום עולם, מה שלומך היום": "cp1255",
    "مرحبا كيف حالك اليوم يا صديقي": "cp1256",
    "สวัสดีครับ วันนี้อากาศดี": "cp874",
    "今日は天気がいいですね。東京へ行きます。カタカナ": "cp932 euc_jp",
    "今天的天气很好，我们要去公园。他是一个学生。": "gb18030",
    "今天的天氣很好，我們要去公園。他是一個學生。": "big5",
    "안녕하세요. 오늘은 날씨가 좋습니다. 학교에 갑니다.": "cp949",
    "Šiandien gražus oras, ąžuolas ėjo į mišką, ūkis": "cp1257",
}
WIDE = "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be"
CASES = [(text, name) for text, names in LANGUAGES.items() for name in f"{names} {WIDE}".split()]


@pytest.mark.parametrize(("text", "encoding"), CASES)
def test_the_likeliest_encoding_reads_the_text(text: str, encoding: str) -> None:
    raw = f"{text}\n1,2 3\n".encode(encoding)
    found = likely_encoding([raw])
    assert raw.decode(found).removeprefix("\ufeff") == f"{text}\n1,2 3\n"


@pytest.mark.parametrize("raw", [bytes(4096), b"\0\1\2\3" * 20, bytes(range(256)) * 4])
def test_bytes_that_are_no_text_are_not_wide(raw: bytes) -> None:
    assert wide_encoding(raw) is None


READERS: dict[str, tuple[Callable[[str], Reader], str, str, str]] = {
    "csv": (lambda name: Csv(encoding=name), "x.csv", "text,label\n{},good\n", "text"),
    "columns": (lambda name: Columns(names=["word", "tag"], encoding=name), "x.conll", "{}\tO\n\n", "word"),
    "conllu": (lambda name: Conllu(encoding=name), "x.conllu", "1\t{}\t_\tX\t_\t_\t0\troot\t_\t_\n\n", "form"),
    "text": (lambda name: Text(encoding=name), "x.txt", "{}\n", "text"),
    "document": (lambda name: Text(encoding=name, sample_by="document"), "x.txt", "{}", "text"),
    "parallel": (lambda name: Parallel(encoding=name), "x.tsv", "{}\tfour\n", "source"),
    "jsonl": (lambda name: Jsonl(encoding=name), "x.jsonl", '{{"text": "{}"}}\n', "text"),
    "series": (lambda name: Series(encoding=name), "x.csv", "unique_id,ds,y\n{},2025-01-01,1\n", "unique_id"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", READERS)
def test_every_reader_reads_any_encoding(kind: str, packed: bool, tmp_path: Path) -> None:
    encoding = "utf-16" if packed else "mac_roman"
    make, name, template, column = READERS[kind]
    raw = template.format("Müßig").encode(encoding)
    path = tmp_path / f"{name}.gz" if packed else tmp_path / name
    path.write_bytes(gzip.compress(raw) if packed else raw)
    cell = make(encoding).load(path)[0][column]
    assert cell == (["Müßig"] if isinstance(cell, list) else "Müßig")
    assert make(encoding).files(path) == [path]


@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_is_not_utf8_is_answered_with_the_key(kind: str, tmp_path: Path) -> None:
    make, name, template, _ = READERS[kind]
    path = tmp_path / name
    path.write_bytes(template.format("Müßig").encode("cp1252"))
    with pytest.raises(DataError) as caught:
        make("utf-8").load(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")
    assert str(caught.value).endswith('is not UTF-8; data.reader.encoding = "cp1252" reads it')
    path.write_bytes(template.format("Müßig").encode("utf-16"))
    with pytest.raises(DataError, match=r'UTF-16 text; expected UTF-8; data.reader.encoding = "utf-16" reads it'):
        make("utf-8").load(path)


def test_the_encoding_that_was_named_may_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("one\nПривет, как дела\n", encoding="utf-8")
    problem = r'txt:2: byte 0xd0 in column 1 is not ascii; data.reader.encoding = "utf-8" reads it'
    with pytest.raises(DataError, match=problem):
        Text(encoding="ascii").load(path)


def test_passages_of_running_text_have_an_encoding(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("süß\r\nsauer\r\n".encode("utf-16"))
    assert "".join(Passage.parse(str(path), Path, "utf-16").chunks()) == "süß\nsauer\n"
    assert "".join(Passage.parse(f"{path}[1:3]", Path, "utf-16").chunks()) == "üß"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_unix_windows_and_old_macs(encoding: str, end: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    text = f'text,label{end}"one{end}two",ä{end}{end}three,ü'
    path.write_bytes(text.encode(encoding))
    assert list(open_text(path, encoding)) == ["text,label", '"one', 'two",ä', "", "three,ü"]
    assert read_text(path, encoding) == text.replace(end, "\n")
    rows = [{"text": "one\ntwo", "label": "ä"}, {"text": "three", "label": "ü"}]
    assert list(Csv(encoding=encoding).load(path)) == rows
    assert "".join(Passage(path, encoding=encoding).chunks()) == text.replace(end, "\n")


def test_lines_are_cut_nowhere_else_and_have_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    lines = ["a\u2028b\x0bc\x85d", "x" * 70_000, "ä" * 70_000]
    path.write_bytes("\n".join(lines).encode("utf-16"))
    assert list(open_text(path, "utf-16")) == lines
    with pytest.raises(DataError, match=r"x\.txt:2: a line of more than 1,000 bytes"):
        Text(encoding="utf-16", max_line=1000).load(path)


def test_bytes_that_another_encoding_fits_better_are_noted(tmp_path: Path) -> None:
    path, told = tmp_path / "x.txt", list[str]()
    with notes_to(told.append):
        path.write_bytes("süß\n".encode())
        Text(encoding="cp1252").load(path)
        path.write_bytes("„süß“\n".encode("cp1252"))
        Text(encoding="latin-1").load(path)
        Text(encoding="cp1252").load(path)
    assert told == [
        f'{path}: read as cp1252, but its bytes are UTF-8; data.reader.encoding = "utf-8" reads them',
        f"{path}: read as latin-1, it has control characters; data.reader.encoding = "
        '"cp1252" has quotes and the euro sign there',
    ]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("cp1253x", "no encoding that Python knows; did you mean `cp1253`"),
        ("hex", "no encoding of text"),
        ("undefined", "no encoding of text"),
        ("", "no encoding that Python knows"),
        ("utf\0", "no encoding that Python knows"),
    ],
)
def test_names_of_no_encoding_are_refused(name: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Csv(encoding=name)
