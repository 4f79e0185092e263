"""Transcription end to end, of letters that are tones: training, scores, times, streams, and what can be wrong."""

import json
import wave
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import seqnlp
from seqnlp import api
from seqnlp.errors import DataError, UsageError
from seqnlp.results import ErrorReport
from seqnlp.service.handlers import Models, answer
from seqnlp.service.protocol import Request
from seqnlp.tasks.error_analysis import analyse
from seqnlp.tasks.transcribe.predictor import Transcriber
from seqnlp.tasks.transcribe.recipe import CtcSearch

Program = Callable[..., "CompletedProcess[str]"]
TONES = {"a": 500, "b": 1100, "c": 2300}
LETTER, PAUSE = 0.1, 0.06
FROZEN_LM = Path(__file__).parents[1] / "data" / "run_v2" / "lm"
RECIPE = """\
task = "transcribe"
[data]
reader = "audio"
train = "{folder}/train.csv"
dev = "{folder}/dev.csv"
test = "{folder}/test.csv"
[features]
mels = 20
normalize = "{normalize}"
[embedding]
kind = "{kind}"
stride = 2
size = 16
dropout = 0.0
spec_augment = {{ freq_masks = 1, freq_width = 2, time_masks = 1, time_width = 2 }}
[encoder]
kind = "gru"
size = 16
[decoder]
dropout = 0.0
[optimizer]
lr = 2e-2
[training]
epochs = {epochs}
threads = 1
precision = "fp32"
batch_tokens = 80
"""


def spoken(text: str, rate: int = 8000, seed: int = 0) -> NDArray[np.int16]:
    """Tones with pauses around them, and a little noise."""
    random, parts = np.random.default_rng(seed), [np.zeros(round(PAUSE * rate))]
    for letter in text:
        place = np.arange(round(LETTER * rate)) / rate
        parts += [0.4 * np.sin(2 * np.pi * TONES[letter] * place), np.zeros(round(PAUSE * rate))]
    sound = np.concatenate(parts)
    return np.round(32767 * (sound + 0.002 * random.normal(size=len(sound)))).astype(np.int16)


def write(path: Path, samples: NDArray[np.int16], rate: int = 8000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def corpus(folder: Path) -> Path:
    random = np.random.default_rng(7)
    for split, count in (("train", 60), ("dev", 8), ("test", 12)):
        lines = ["file,text"]
        for number in range(count):
            text = "".join(random.choice(list(TONES), size=random.integers(1, 5)))
            write(folder / f"{split}{number}.wav", spoken(text, seed=number))
            lines.append(f"{split}{number}.wav,{text}")
        (folder / f"{split}.csv").write_text("\n".join(lines) + "\n")
    return folder


def trained(folder: Path, name: str, settings: tuple[str, ...] = (), **kinds: Any) -> Path:
    recipe = folder / f"{name}.toml"
    recipe.write_text(RECIPE.format(folder=folder, **{"normalize": "corpus", "kind": "stack", "epochs": 1, **kinds}))
    for _ in api.train(recipe, settings, out=folder / name):
        pass
    return folder / name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    return trained(folder, "tones", epochs=14)


def test_a_trained_model_hears_the_tones(run: Path) -> None:
    scores = json.loads((run / "scores.json").read_text())
    assert scores["test"]["cer"] < 0.05
    assert set(scores["test"]) >= {"cer", "wer", "exact_match", "baselines"}
    assert scores["test"]["baselines"]["most frequent text"]["cer"] > 0.4
    assert "automatic-speech-recognition" in (run / "README.md").read_text()


def test_tokens_stand_where_they_were_spoken(run: Path, folder: Path, seqnlp: Program) -> None:
    file = write(folder / "abca.wav", spoken("abca"))
    found = json.loads(seqnlp("transcribe", run, file, "--json").stdout)
    assert found["text"] == "abca"
    assert found["file"] == str(file)
    for place, token in enumerate(found["tokens"]):
        begin = PAUSE + place * (LETTER + PAUSE)
        assert begin - 0.06 < token["start"] < token["end"] < begin + LETTER + PAUSE + 0.06
        assert 0.2 < token["score"] <= 1
    (word,) = found["words"]
    assert (word["start"], word["end"]) == (found["tokens"][0]["start"], found["tokens"][-1]["end"])
    aligned = seqnlp("transcribe", run, file, "--align").stdout
    assert aligned.startswith(f"abca\ta {found['tokens'][0]['start']:.2f}-")


def test_a_batch_and_the_files_alone_give_the_same(run: Path, folder: Path) -> None:
    model = seqnlp.load(run)
    files = [folder / f"test{number}.wav" for number in range(12)]
    together = model.transcribe(files)
    for file, found in zip(files, together, strict=True):
        alone = model.transcribe(file)
        assert alone.text == found.text
        assert alone.logprob == pytest.approx(found.logprob, abs=1e-4)
    assert [each.text for each in model.transcribe(iter(files))] == [each.text for each in together]
    assert [each.text for each in model.predict(map(str, files))] == [each.text for each in together]


def test_evaluation_scores_what_transcription_writes(run: Path, folder: Path) -> None:
    model = seqnlp.load(run)
    lines = (folder / "test.csv").read_text().splitlines()[1:]
    right = sum(model.transcribe(folder / file).text == text for file, text in (line.split(",") for line in lines))
    assert api.evaluate(run)["scores"]["exact_match"] == pytest.approx(right / len(lines))
    assert api.evaluate(run, data=folder / "dev.csv")["items"] > 0


def test_errors_are_confused_labels(run: Path) -> None:
    report = analyse(run)["text"]
    assert isinstance(report, ErrorReport)
    assert set(report.labels) >= {"(nothing)", "a", "b", "c"}
    assert report.accuracy > 0.9
    assert report.items == sum(map(sum, report.matrix))


def test_predict_takes_a_recording_or_names_of_some(run: Path, folder: Path, seqnlp: Program) -> None:
    file = write(folder / "cab.wav", spoken("cab"))
    assert seqnlp("predict", run, file).stdout == "cab\n"
    assert seqnlp("predict", run, "-", stdin=f"{file}\n\n{file}\n").stdout == "cab\ncab\n"


def test_a_stream_is_divided_at_pauses(run: Path, seqnlp: Program) -> None:
    pause = np.zeros(8000, np.int16)
    stream = np.concatenate([pause, spoken("ab"), pause, spoken("cca"), pause, spoken("b")])
    done = seqnlp("transcribe", run, "-", "--json", stdin=stream.astype("<i2").tobytes())
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["text"] for each in found] == ["ab", "cca", "b"]
    begin = 1 + len(spoken("ab")) / 8000
    assert found[1]["start"] == pytest.approx(begin + 1, abs=0.25)
    assert "file" not in found[0]
    both = np.stack([stream, stream], 1).ravel()
    done = seqnlp("transcribe", run, "-", "--channels", 2, stdin=both.astype("<i2").tobytes() + b"x")
    assert done.stdout == "ab\ncca\nb\n"


def test_another_sample_rate_is_refused_or_told(run: Path, folder: Path, seqnlp: Program) -> None:
    twice = np.repeat(spoken("bac", 16000), 2)
    file = write(folder / "bac16.wav", twice, 16000, channels=2)
    done = seqnlp("transcribe", run, file)
    assert done.returncode == 4
    assert "recorded at 16,000 Hz; expected data.sample_rate = 8,000" in done.stderr
    done = seqnlp("transcribe", run, file, "--resample")
    assert done.stdout == "bac\n"
    assert done.stderr.splitlines() == [
        f"note: {file}: mixed from 2 channels",
        f"note: {file}: resampled from 16,000 Hz to 8,000 Hz",
    ]


def test_one_bad_recording_does_not_hide_the_others(run: Path, folder: Path, seqnlp: Program) -> None:
    good, bad = write(folder / "c.wav", spoken("c")), folder / "bad.wav"
    bad.write_bytes(good.read_bytes()[:500])
    done = seqnlp("transcribe", run, bad, good, folder / "gone.wav")
    assert (done.returncode, done.stdout) == (4, "c\n")
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == ["error"] * 3
    assert "bad.wav: damaged: 228 of its" in done.stderr
    assert "2 of 3 recordings could not be transcribed" in done.stderr


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        (np.zeros(4000, np.int16), "silent: no sound in it"),
        (np.full(4000, 900, np.int16), "silent: no sound in it"),
        (spoken("a")[:200], r"0.025 s are under data.min_seconds = 0.05"),
        (np.tile(spoken("a"), 140), r"over data.max_seconds = 30"),
    ],
)
def test_recordings_that_cannot_be_used(run: Path, tmp_path: Path, samples: NDArray[np.int16], problem: str) -> None:
    with pytest.raises(DataError, match=f"odd.wav: .*{problem}"):
        seqnlp.load(run).transcribe(write(tmp_path / "odd.wav", samples))


def test_recordings_that_cannot_be_used_are_skipped_if_the_recipe_says_so(folder: Path, tmp_path: Path) -> None:
    table = (folder / "dev.csv").read_text().replace("dev", f"{folder}/dev")
    write(tmp_path / "quiet.wav", np.zeros(4000, np.int16))
    (tmp_path / "dev.csv").write_text(table + "quiet.wav,a\n")
    with pytest.raises(DataError, match=r"quiet\.wav: silent"):
        trained(folder, "refused", (f"data.dev={tmp_path}/dev.csv",))
    told: list[str] = []
    recipe, settings = folder / "refused.toml", [f"data.dev={tmp_path}/dev.csv", "data.unusable=skip"]
    for _ in api.train(recipe, settings, out=tmp_path / "run", notify=told.append):
        pass
    (line,) = [line for line in told if line.startswith("dev: 1 recordings were skipped, the first of them")]
    assert line.endswith("quiet.wav: silent: no sound in it")


@pytest.mark.parametrize("normalize", ["utterance", "none"])
@pytest.mark.parametrize("kind", ["stack", "conv"])
def test_every_kind_of_features_and_steps_is_trained_and_loaded(folder: Path, normalize: str, kind: str) -> None:
    found = trained(folder, f"{normalize}_{kind}", normalize=normalize, kind=kind)
    assert isinstance(seqnlp.load(found).transcribe(folder / "test0.wav").text, str)


def test_words_are_labels_too(folder: Path, tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        lines = (folder / f"{split}.csv").read_text().splitlines()
        spaced = [f"{folder}/{file},{' '.join(text)}" for file, text in (line.split(",") for line in lines[1:])]
        (tmp_path / f"{split}.csv").write_text("\n".join(["file,text", *spaced]) + "\n")
    run = trained(tmp_path, "words", ("tokenizer=words",), epochs=14)
    found = seqnlp.load(run).transcribe(write(tmp_path / "acb.wav", spoken("acb")))
    assert found.text == "a c b"
    assert [word.text for word in found.words] == ["a", "c", "b"]
    report = analyse(run)["text"]
    assert isinstance(report, ErrorReport)
    assert report.accuracy > 0.8


def test_a_wider_search_and_a_language_model(run: Path, folder: Path, seqnlp: Program) -> None:
    file = write(folder / "bca.wav", spoken("bca"))
    assert seqnlp("transcribe", run, file, "--beam", 8).stdout == "bca\n"
    greedy, wide, model = (
        json.loads(seqnlp("transcribe", run, file, "--json", *options).stdout)
        for options in ([], ["--beam", 16], ["--lm", FROZEN_LM, "--lm-weight", 0.1, "--length-bonus", 0.3])
    )
    assert wide["logprob"] == pytest.approx(greedy["logprob"], abs=1e-3)
    assert wide["score"] == wide["logprob"]
    assert model["score"] != model["logprob"]


def test_a_language_model_in_the_recipe_is_scored_beside_the_greedy_search(folder: Path) -> None:
    settings = ("search.beam=4", f"search.language_model={FROZEN_LM}", "search.lm_weight=0.1")
    scores = json.loads((trained(folder, "fused", settings) / "scores.json").read_text())
    assert set(scores["test"]) >= {"cer", "wer", "exact_match", "cer_greedy", "wer_greedy", "exact_match_greedy"}


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        (["gone.wav"], 4, "gone.wav: no such file"),
        (["-", "x.wav"], 2, "`-` is a stream"),
        (["x.wav", "--rate", "8000"], 2, "--rate and --channels describe a stream"),
        (["x.wav", "--align", "--json"], 2, "--align and --json contradict"),
        (["x.wav", "--beam", "0"], 2, "--beam 0"),
        (["x.wav", "--beam", "1", "--lm-weight", "1"], 2, "--beam 1 is greedy"),
        (["x.wav", "--lm-weight", "1"], 2, "--lm-weight: there is no language model"),
        (["x.wav", "--lm", "nowhere"], 4, "nowhere: no such run"),
        (["x.wav", "--lm", str(FROZEN_LM.parent / "tag")], 2, "expected a language model to score texts"),
        (["-", "--rate", "0"], 2, "rate 0"),
    ],
)
def test_options_that_make_no_sense(run: Path, seqnlp: Program, options: list[str], code: int, problem: str) -> None:
    done = seqnlp("transcribe", run, *options, stdin=b"\0\0" * 100)
    assert done.returncode == code, done.stderr
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("features.f_max=5000", "features.f_max: 5000 Hz is over half of data.sample_rate = 8000"),
        ("features.f_min=4000", "features.f_min: 4000 Hz leaves no band below 4000 Hz"),
        ("features.mels=300", "features.mels: .* of 300 bands are narrower than the resolution"),
        ("features.hop_ms=30", "features.hop_ms: 30 ms leave gaps between windows of 25 ms"),
        ("data.max_seconds=0.01", "data.max_seconds: 0.01 is under data.min_seconds"),
        ("data.text=audio", "data.text: .*can't be the text"),
        ("data.reader=csv", "data.reader: expected a reader of recordings"),
        ("search.lm_weight=1", r"search.lm_weight: greedy search \(beam = 1\) has no use for it"),
        ("embedding.stride=0", "embedding.stride"),
    ],
)
def test_settings_that_contradict_each_other(folder: Path, seqnlp: Program, setting: str, problem: str) -> None:
    recipe = folder / "contradicting.toml"
    recipe.write_text(RECIPE.format(folder=folder, normalize="corpus", kind="stack", epochs=1))
    with pytest.raises(seqnlp_errors(), match=problem):
        list(api.train(recipe, [setting], out=folder / "never"))


def seqnlp_errors() -> type[Exception]:
    from seqnlp.errors import RecipeError

    return RecipeError


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("file,words\ntrain0.wav,a\n", "no column 'text' of texts; its columns are audio, words"),
        ("file,text\ntrain0.wav,a\ntrain1.wav, \n", "column 'text': row 2 has no text"),
    ],
)
def test_texts_that_are_missing(folder: Path, table: str, problem: str) -> None:
    (folder / "odd.csv").write_text(table)
    names = [f"data.{split}={folder}/odd.csv" for split in ("train", "dev", "test")]
    with pytest.raises(DataError, match=problem):
        trained(folder, "odd", tuple(names))


def test_texts_too_long_for_their_recordings_and_unknown_letters_are_told(folder: Path) -> None:
    (folder / "odd.csv").write_text("file,text\n" + "".join(f"train{n}.wav,{'ab' * 40}\n" for n in range(2)))
    (folder / "new.csv").write_text("file,text\ntest0.wav,az\n")
    told: list[str] = []
    recipe = folder / "told.toml"
    recipe.write_text(RECIPE.format(folder=folder, normalize="corpus", kind="stack", epochs=1))
    settings = [f"data.dev={folder}/odd.csv", f"data.test={folder}/new.csv"]
    for _ in api.train(recipe, settings, out=folder / "told", notify=told.append):
        pass
    assert told[0].startswith("dev: 2 recordings have fewer steps than their text needs (the first in row 1)")
    assert told[1] == "test: 'z' can't be written, as train does not have it, and always counts as wrong"


def test_the_service_answers_with_wave_and_probabilities(run: Path, folder: Path) -> None:
    def ask(file: str, index: int = 0, beam: int | None = None) -> dict[str, Any]:
        settings = {"file": file, "index": index, "beam": beam}
        (found,) = answer(Request(1, "transcribe", str(run), settings), Models()).items
        assert isinstance(found, dict)
        return found

    found = ask(f"{folder}/test.csv", index=13)
    lines = (folder / "test.csv").read_text().splitlines()
    assert (found["index"], found["count"]) == (1, 12)
    assert found["reference"] == lines[2].split(",")[1] == found["text"]
    assert len({len(row) for row in found["posteriors"]}) == 1
    assert set(found["labels"]) >= set(found["text"])
    assert max(high for _, high in found["peaks"]) == pytest.approx(0.4, abs=0.02)
    file = write(folder / "ccb.wav", spoken("ccb"))
    assert ask(str(file), beam=8)["text"] == "ccb"
    assert ask(str(file))["reference"] is None


def test_a_dataset_with_audio_inside_is_read_without_torchcodec(folder: Path, tmp_path: Path) -> None:
    import datasets
    import pyarrow as pa

    for split in ("train", "dev"):
        rows = [line.split(",") for line in (folder / f"{split}.csv").read_text().splitlines()[1:]]
        cells = [{"bytes": (folder / file).read_bytes(), "path": None} for file, _ in rows]
        table = pa.table({"sound": cells, "said": [text for _, text in rows]})
        features = datasets.Features({"sound": datasets.Audio(), "said": datasets.Value("string")})
        schema = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        table = table.set_column(0, "sound", table.column("sound").cast(schema))
        datasets.Dataset(table, datasets.DatasetInfo(features=features)).to_parquet(tmp_path / f"{split}.parquet")
    recipe = tmp_path / "hub.toml"
    text = RECIPE.format(folder=folder, normalize="corpus", kind="stack", epochs=14)
    reader = f'reader = {{ kind = "hub", path = "{tmp_path}" }}\naudio = "sound"\ntext = "said"'
    lines = [line for line in text.splitlines() if not line.startswith(("test", "reader"))]
    lines = ['train = "train"' if line.startswith("train ") else line for line in lines]
    lines = ['dev = "validation"' if line.startswith("dev ") else line for line in lines]
    (tmp_path / "dev.parquet").rename(tmp_path / "validation.parquet")
    recipe.write_text("\n".join(lines).replace("[data]", f"[data]\n{reader}"))
    for _ in api.train(recipe, out=tmp_path / "run"):
        pass
    found = seqnlp.load(tmp_path / "run").transcribe(write(tmp_path / "cb.wav", spoken("cb")))
    assert found.text == "cb"


def test_an_interrupted_stream_of_nothing_is_nothing(run: Path) -> None:
    model = seqnlp.load(run)
    assert isinstance(model, Transcriber)
    assert list(model.stream([], 8000)) == []
    assert list(model.stream([b"\0\0" * 8000], 8000)) == []
    with pytest.raises(UsageError, match="rate 0"):
        list(model.stream([b""], 0))
    assert model.transcribe([], search=CtcSearch(beam=2)) == []
