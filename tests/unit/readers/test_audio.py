"""Recordings: tables, folders and patterns of them; what can be wrong with a file."""

import io
import struct
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seqnlp.errors import DataError
from seqnlp.readers import Audio
from seqnlp.readers.audio import AUDIO, read_waveform
from seqnlp.recipe.shipped import find_file


def wav(samples: Any, rate: int = 8000, width: int = 2, channels: int = 1) -> bytes:
    """A wav file of integers."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        whole = np.asarray(samples, np.int64)
        data = (whole + 128).astype(np.uint8).tobytes() if width == 1 else b""
        if width > 1:
            data = b"".join(int(sample).to_bytes(width, "little", signed=True) for sample in whole)
        file.writeframes(data)
    return content.getvalue()


def tone(samples: int = 800) -> list[int]:
    return [int(8000 * np.sin(place / 3)) for place in range(samples)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("seven_anna_0", "seven_anna_1", "two_ben_0", "two_ben_10"):
        (tmp_path / f"{name}.wav").write_bytes(wav(tone()))
    (tmp_path / "notes.txt").write_text("not a recording")
    return tmp_path


def rows(reader: Audio, source: Path) -> list[dict[str, Any]]:
    return [{**row, AUDIO: Path(row[AUDIO]["path"]).name} for row in reader.load(source)]


def test_names_of_files_tell_their_columns(folder: Path) -> None:
    found = rows(Audio(pattern="{text}_{speaker}_{number}"), folder)
    assert found[0] == {"audio": "seven_anna_0.wav", "text": "seven", "speaker": "anna", "number": "0"}
    assert [row["number"] for row in found] == ["0", "1", "0", "10"]


def test_wildcards_choose_files(folder: Path) -> None:
    found = rows(Audio(pattern="{text}_{speaker}_{number}"), folder / "*_[0-1].wav")
    assert [row["audio"] for row in found] == ["seven_anna_0.wav", "seven_anna_1.wav", "two_ben_0.wav"]
    assert len(rows(Audio(), Path(f"{folder}/*.wav[:2]"))) == 2


@pytest.mark.parametrize("name", ["train.csv", "train.tsv", "train.jsonl"])
def test_tables_name_files_beside_them(folder: Path, name: str) -> None:
    lines = {
        "train.csv": "file,text\nseven_anna_0.wav,seven\ntwo_ben_0.wav,two\n",
        "train.tsv": "file\ttext\nseven_anna_0.wav\tseven\ntwo_ben_0.wav\ttwo\n",
        "train.jsonl": '{"file": "seven_anna_0.wav", "text": "seven"}\n{"file": "two_ben_0.wav", "text": "two"}\n',
    }
    (folder / name).write_text(lines[name])
    assert rows(Audio(), folder / name) == [
        {"audio": "seven_anna_0.wav", "text": "seven"},
        {"audio": "two_ben_0.wav", "text": "two"},
    ]
    names = [path.name for path in Audio().files(folder / name)]
    assert names == [name, "seven_anna_0.wav", "two_ben_0.wav"]


def test_folders_and_wildcards_are_looked_up_like_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "project/recipes").mkdir(parents=True)
    recipe = folder / "project/recipes/r.toml"
    (folder / "project/clips").mkdir()
    (folder / "project/clips/a_1.wav").write_bytes(wav(tone()))

    def find(source: str) -> Path:
        return find_file(source, recipe)

    for source in ("clips", "clips/", "clips/*_1.wav", "clips/a_1.wav", "clips/*.wav[:1]"):
        assert len(Audio().load(Audio().locate(source, find))) == 1
    with pytest.raises(DataError, match="no such folder"):
        Audio().locate("clip/*.wav", find)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("x.csv", "name,text\na.wav,a\n", "no column 'file' of files: there are name, text; reader.file_column"),
        (
            "x.csv",
            "file,text\nseven_ana_0.wav,a\n",
            "x.csv:2: seven_ana_0.wav: no such file; did you mean .*seven_anna_0.wav",
        ),
        ("x.csv", "file,text\nseven_anna_0.wav\n", "x.csv:2: 1 columns; expected 2"),
        ("x.csv", "file,text\n", "no recordings in it"),
        ("x.csv", "file,audio\nseven_anna_0.wav,a\n", "a column is called 'audio'"),
        ("x.jsonl", '{"file": "seven_anna_0.wav", "text": "a"}\n{"file": "two_ben_0.wav"}\n', "x.jsonl:2: no 'text'"),
        ("x.jsonl", '{"file": "two_ben_0.wav"}\n{"file": "two_ben_0.wav", "b": "c"}\n', "x.jsonl:2: 'b' is not in the"),
        ("x.csv", "file,text\n.,a\n", "this is a folder"),
    ],
)
def test_faults_of_a_table_have_their_line(folder: Path, name: str, text: str, problem: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(DataError, match=problem):
        Audio().load(folder / name)


@pytest.mark.parametrize(
    ("source", "settings", "problem"),
    [
        ("*.flac", {}, "no files fit this pattern"),
        ("three_clara_0.wav", {}, "no such file"),
        ("*.wav", {"pattern": "{text}-{number}"}, "seven_anna_0.wav: its name does not fit reader.pattern"),
    ],
)
def test_faults_of_files_name_them(folder: Path, source: str, settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        Audio(**settings).load(folder / source)


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no recordings in this folder; expected \.wav, \.flac"):
        Audio().load(tmp_path)


@pytest.mark.parametrize("pattern", ["text", "{text}_{text}", "{audio}"])
def test_patterns_need_columns_that_differ(pattern: str) -> None:
    with pytest.raises(ValidationError):
        Audio(pattern=pattern)


@given(st.sampled_from([1, 2, 3, 4]), st.integers(1, 3), st.integers(0, 1000))
def test_samples_of_every_width_are_scaled_to_one(width: int, channels: int, seed: int) -> None:
    most = 2 ** (8 * width - 1)
    samples = np.random.default_rng(seed).integers(-most, most, 40 * channels)
    samples[:2] = -most, most - 1
    found = read_waveform(wav(samples, 11025, width, channels))
    expected = (samples / most).reshape(-1, channels).mean(1)
    np.testing.assert_allclose(found.samples, expected, atol=1e-6)
    assert (found.rate, found.channels, len(found.samples)) == (11025, channels, 40)
    assert found.seconds == pytest.approx(40 / 11025)


GOOD = wav(tone())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "an empty file"),
        (GOOD[:-400], r"damaged: 600 of its 800 samples are there"),
        (GOOD[:30], "damaged"),
        (GOOD[:14], "damaged"),
        (wav([]), "without a sample"),
        (GOOD[:24] + struct.pack("<I", 0) + GOOD[28:], "damaged"),
        (GOOD[:34] + struct.pack("<H", 0) + GOOD[36:], "damaged"),
        (GOOD[:22] + struct.pack("<H", 0) + GOOD[24:], "damaged"),
    ],
)
def test_damaged_recordings_are_told_in_one_line(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "broken.wav"
    file.write_bytes(content)
    with pytest.raises(DataError, match=f"broken.wav: .*{problem}") as raised:
        read_waveform(file)
    assert "\n" not in str(raised.value)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_whatever_stands_in_a_file_ends_in_samples_or_in_a_message(place: int, junk: bytes) -> None:
    content = GOOD[:place] + junk + GOOD[place + len(junk) :]
    try:
        found = read_waveform(content, "x.wav")
    except DataError as error:
        message = str(error)
    else:
        message = ""
        assert np.isfinite(found.samples).all()
    assert message == "" or message.startswith("x.wav: ")


def test_a_stream_that_did_not_know_its_length_is_read(tmp_path: Path) -> None:
    unknown = struct.pack("<I", 0xFFFFFFFF)
    content = GOOD[:4] + unknown + GOOD[8:40] + unknown + GOOD[44:]
    assert len(read_waveform(content).samples) == 800


def test_other_formats_need_soundfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(DataError, match=r"x.flac: .flac recordings need soundfile.*seqnlp\[speech\]"):
        read_waveform(b"fLaC....", "x.flac")


@pytest.mark.parametrize("kind", ["FLAC", "OGG", "WAV float"])
def test_soundfile_reads_the_rest(tmp_path: Path, kind: str) -> None:
    soundfile = pytest.importorskip("soundfile")
    samples = np.stack([np.array(tone()) / 32768, np.zeros(800)], 1)
    file = tmp_path / ("x.wav" if "WAV" in kind else f"x.{kind.lower()}")
    soundfile.write(file, samples, 8000, subtype="FLOAT" if "WAV" in kind else None)
    found = read_waveform(file)
    assert (found.rate, found.channels) == (8000, 2)
    np.testing.assert_allclose(found.samples, samples.mean(1), atol=0.02 if kind == "OGG" else 1e-4)
    if kind == "FLAC":
        file.write_bytes(file.read_bytes()[:300])
        with pytest.raises(DataError, match=r"x\.flac: damaged"):
            read_waveform(file)
    with pytest.raises(DataError, match=r"notes\.txt: damaged, or no recording"):
        read_waveform(b"some text", "notes.txt")
