"""Writes series.csv: six invented hourly counts of people, with a trend, a day, a week, a change and noise.

Always the same.

python make_series.py FOLDER
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

HOURS = 10 * 7 * 24
BEGIN = datetime(2024, 1, 1)
# name: level, trend in ten weeks, size of the day, size of the week, hour of the peak, day of the peak,
# hour of the change, size of the change, size of the noise, memory of the noise
SERIES = {
    "bakery": (60, 12, 30, 14, 8, 5, 500, 15, 5, 0.3),
    "ferry": (120, -25, 55, 40, 17, 6, 820, -30, 12, 0.6),
    "library": (45, 0, 25, 20, 15, 1, 300, 12, 4, 0.2),
    "lift": (200, 40, 110, 60, 13, 3, 640, 35, 20, 0.5),
    "pool": (80, 20, 45, 35, 18, 0, 900, -20, 10, 0.4),
    "tram": (300, -30, 150, 70, 9, 2, 420, 60, 25, 0.7),
}


def peak(place: np.ndarray, at: float, round_trip: float, sharpness: float) -> np.ndarray:
    """A bump once in every round trip, with mean 0 and height about 1."""
    bump = np.exp(sharpness * (np.cos(2 * np.pi * (place - at) / round_trip) - 1))
    return bump - bump.mean()


def make(random: np.random.Generator) -> dict[str, np.ndarray]:
    hours = np.arange(HOURS)
    found = {}
    for name, (level, trend, day, week, hour, weekday, change, jump, noise, memory) in SERIES.items():
        shocks = random.normal(0, noise, HOURS)
        wander = np.zeros(HOURS)
        for step in range(1, HOURS):
            wander[step] = memory * wander[step - 1] + shocks[step]
        daily, weekly = peak(hours % 24, hour, 24, 3), peak(hours / 24 % 7, weekday, 7, 2)
        size = np.where(hours >= change, 1.2, 1.0)  # after the change there is more of everything
        values = (
            level + trend * hours / HOURS + size * (day * daily + week * weekly) + jump * (hours >= change) + wander
        )
        found[name] = np.maximum(np.round(values), 0).astype(int)  # people come whole, and never fewer than none
    return found


def main(folder: Path) -> None:
    columns = make(np.random.default_rng(2024))
    lines = [",".join(["date", *columns])]
    for hour, numbers in enumerate(zip(*columns.values(), strict=True)):
        moment = BEGIN + timedelta(hours=hour)
        lines.append(",".join([moment.isoformat(" ", "minutes"), *map(str, numbers)]))
    (folder / "series.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
