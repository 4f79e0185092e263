"""Forecasts as SVG pictures."""

import math
from pathlib import Path
from xml.etree import ElementTree

from seqnlp.plots.svg_charts import forecast_svg
from seqnlp.results import SeriesForecast

SVG = "{http://www.w3.org/2000/svg}"
TRAM = SeriesForecast(
    "tram <1>", ["2024-01-05T00:00:00", "2024-01-06T00:00:00"], [4.0, 2.0], [3.0, 0.0], [5.0, 4.0], 80.0
)
PLAIN = SeriesForecast("b", ["2024-01-05T00:00:00"], [1.0])
HISTORY = {"tram <1>": [1.0, 2.0, math.nan, 3.0], "b": [0.0, 1.0]}


def test_a_picture_is_what_it_was() -> None:
    golden = Path(__file__).parent / "golden" / "forecast.svg"
    assert forecast_svg("run, file.csv", [TRAM, PLAIN], HISTORY) == golden.read_text(encoding="utf-8")


def test_lines_lie_where_the_numbers_say() -> None:
    root = ElementTree.fromstring(forecast_svg("a & b", [TRAM], HISTORY))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[0] == "tram <1>"
    assert {"0", "5", "2024-01-05T00:00:00"} <= set(texts)
    field, history, forecast = (path.get("d", "") for path in root.iter(f"{SVG}path") if path.get("fill"))
    # 6 steps on 720 pixels, 5 units on 172 pixels above 208
    assert field == "M640.0 104.8L784.0 208.0L784.0 70.4L640.0 36.0Z"
    assert history == "M64.0 173.6L208.0 139.2"
    assert forecast == "M640.0 70.4L784.0 139.2"
    (dot,) = root.iter(f"{SVG}circle")
    assert (dot.get("cx"), dot.get("cy")) == ("496.0", "104.8")
