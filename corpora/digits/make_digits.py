"""Writes recordings/ and the tables of the splits: spoken digits, synthesised by formants. Always the same.

python make_digits.py FOLDER

A glottal source for what is voiced and noise for what hisses go through resonators at the formants of each sound
(Klatt, 1980), which glide from sound to sound. Each speaker has a pitch, a length of the vocal tract, a tempo, a
breathiness and a room with noise in it; those of dev and test are not heard in train.
"""

import sys
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RATE = 8000
FRAME = 40  # samples for which the resonators stand still: 5 ms
GLIDE = 9  # frames over which targets are smoothed
WORDS = {
    "zero": "Z IH R OW UW",
    "one": "W AH N",
    "two": "T UW",
    "three": "TH R IY",
    "four": "F AO R",
    "five": "F AA IH V",
    "six": "S IH K S",
    "seven": "S EH V AX N",
    "eight": "EH IY T",
    "nine": "N AA IH N",
}
# sound: first, second, third formant (Hz), voice, hiss, frequency of the hiss (Hz), duration (ms)
SOUNDS = {
    "AA": (730, 1200, 2450, 1.0, 0.0, 2500, 90),
    "AH": (640, 1190, 2390, 1.0, 0.0, 2500, 110),
    "AX": (500, 1400, 2400, 0.8, 0.0, 2500, 50),
    "AO": (570, 840, 2410, 1.0, 0.0, 2500, 120),
    "EH": (530, 1840, 2480, 1.0, 0.0, 2500, 95),
    "IH": (390, 1990, 2550, 0.9, 0.0, 2500, 75),
    "IY": (270, 2290, 3010, 0.9, 0.0, 2500, 110),
    "OW": (450, 900, 2350, 1.0, 0.0, 2500, 100),
    "UW": (300, 870, 2240, 0.9, 0.0, 2500, 110),
    "R": (330, 1060, 1480, 0.8, 0.0, 2500, 70),
    "W": (290, 610, 2150, 0.8, 0.0, 2500, 60),
    "N": (250, 1450, 2300, 0.5, 0.0, 2500, 75),
    "V": (220, 1100, 2080, 0.35, 0.12, 2200, 55),
    "Z": (240, 1390, 2530, 0.3, 0.35, 3500, 75),
    "S": (320, 1390, 2530, 0.0, 0.6, 3600, 105),
    "F": (340, 1100, 2080, 0.0, 0.22, 2300, 90),
    "TH": (320, 1290, 2540, 0.0, 0.16, 2900, 80),
    "T": (400, 1600, 2600, 0.0, 0.0, 3300, 55),
    "K": (300, 1990, 2850, 0.0, 0.0, 2000, 60),
    "-": (450, 1400, 2400, 0.0, 0.0, 2500, 80),  # a pause
}
STOPS = ("T", "K")  # quiet, then a burst
# split: speakers, utterances, digits of an utterance at most
SPLITS = {"train": (12, 190, 3), "dev": (4, 24, 3), "test": (5, 40, 3)}


@dataclass(frozen=True)
class Speaker:
    pitch: float  # Hz
    tract: float  # factor on the formants
    tempo: float  # factor on durations
    breath: float
    noise: float
    tilt: float  # how much of the high frequencies is lost


def draw_speaker(random: np.random.Generator) -> Speaker:
    high = random.random() < 0.5
    return Speaker(
        pitch=random.uniform(160, 240) if high else random.uniform(85, 140),
        tract=random.uniform(1.06, 1.18) if high else random.uniform(0.9, 1.05),
        tempo=random.uniform(0.85, 1.2),
        breath=random.uniform(0.01, 0.05),
        noise=10 ** random.uniform(-2.9, -2.2),
        tilt=random.uniform(0.0, 0.35),
    )


def targets(words: list[str], speaker: Speaker, random: np.random.Generator) -> np.ndarray:
    """Formants, voice, hiss and its frequency at each frame, before they are smoothed."""
    sounds = ["-"]
    for word in words:
        sounds += [*WORDS[word].split(), "-"]
    rows = []
    for number, sound in enumerate(sounds):
        *formants, voice, hiss, place, duration = SOUNDS[sound]
        last = number == len(sounds) - 2
        frames = max(round(duration * speaker.tempo * random.uniform(0.85, 1.2) * (1.15 if last else 1) / 5), 3)
        bent = [formant * speaker.tract * random.normal(1, 0.025) for formant in formants]
        loud = random.uniform(0.8, 1.15)
        for frame in range(frames):
            burst = 0.55 if sound in STOPS and frame >= frames - 3 else 0.0
            rows.append([*bent, voice * loud, (hiss + burst) * loud, place * speaker.tract])
    return np.array(rows)


def smoothed(tracks: np.ndarray) -> np.ndarray:
    """Tracks that glide; bursts and hisses begin faster than formants move."""
    found = np.empty_like(tracks)
    for column in range(tracks.shape[1]):
        width = GLIDE if column < 3 else 3
        bell = np.hanning(width + 2)[1:-1]
        padded = np.pad(tracks[:, column], width // 2, mode="edge")
        found[:, column] = np.convolve(padded, bell / bell.sum(), "valid")
    return found


def resonate(signal: list[float], frequencies: np.ndarray, width: float) -> list[float]:
    """A resonator whose frequency changes from frame to frame; its gain at 0 Hz is 1."""
    radius = np.exp(-np.pi * width / RATE)
    second = -radius * radius
    before = last = 0.0
    found = []
    for frame, frequency in enumerate(frequencies):
        first = 2 * radius * np.cos(2 * np.pi * min(frequency, 0.48 * RATE) / RATE)
        gain = 1 - first - second
        for sample in signal[frame * FRAME : (frame + 1) * FRAME]:
            before, last = last, gain * sample + first * last + second * before
            found.append(last)
    return found


def glottis(pitch: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Pulses whose pitch changes from frame to frame, each a little early or late, softened twice."""
    phase = np.cumsum(np.repeat(pitch, FRAME) * (1 + 0.01 * random.normal(size=len(pitch) * FRAME))) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    soft, state = np.empty(len(pulses)), 0.0
    for number, pulse in enumerate(pulses):
        state = 0.9 * state + pulse
        soft[number] = state
    return np.diff(soft, prepend=0.0) + 0.3 * soft


def speak(words: list[str], speaker: Speaker, random: np.random.Generator) -> np.ndarray:
    tracks = smoothed(targets(words, speaker, random))
    frames = len(tracks)
    fall = np.linspace(1.08, 0.88, frames) * (1 + 0.03 * np.sin(np.linspace(0, random.uniform(3, 9), frames)))
    source = glottis(speaker.pitch * fall, random)
    source = source + speaker.breath * random.normal(size=len(source))
    voiced = list(source * np.repeat(tracks[:, 3], FRAME))
    for column, width in ((0, 70.0), (1, 100.0), (2, 150.0)):
        voiced = resonate(voiced, tracks[:, column], width)
    voiced = resonate(voiced, np.full(frames, 3500 * speaker.tract), 250.0)
    hiss = random.normal(size=frames * FRAME) * np.repeat(tracks[:, 4], FRAME)
    hissed = np.diff(resonate(list(hiss), tracks[:, 5], 700.0), prepend=0.0)
    sound = np.array(voiced) + 0.5 * hissed
    sound[1:] -= speaker.tilt * -sound[:-1]
    sound *= random.uniform(0.5, 0.9) / np.abs(sound).max()
    return sound + speaker.noise * random.normal(size=len(sound))


def main(folder: Path) -> None:
    random = np.random.default_rng(2026)
    recordings = folder / "recordings"
    recordings.mkdir(exist_ok=True)
    number = 0
    for split, (speakers, utterances, most) in SPLITS.items():
        voices = [draw_speaker(random) for _ in range(speakers)]
        names = [f"{split[:2]}{voice + 1:02}" for voice in range(speakers)]
        lines = ["file,text,speaker"]
        for utterance in range(utterances):
            # the first utterances say each digit once, so that no split lacks one
            chosen = random.integers(len(WORDS), size=1 + int(random.integers(most)))
            chosen[0] = utterance % len(WORDS)
            words = [list(WORDS)[digit] for digit in chosen]
            voice = utterance % speakers
            samples = speak(words, voices[voice], random)
            file = f"recordings/{number:03}_{names[voice]}.wav"
            with wave.open(str(folder / file), "wb") as written:
                written.setparams((1, 1, RATE, 0, "NONE", ""))
                written.writeframes(np.clip(np.round(samples * 127 + 128), 0, 255).astype(np.uint8).tobytes())
            lines.append(f"{file},{' '.join(words)},{names[voice]}")
            number += 1
        (folder / f"{split}.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
