import re
from xml.etree import ElementTree

import pytest

from seqnlp.plots.svg_parallel import CHOSEN, Coordinate, Polyline, parallel_svg

COORDINATES = [Coordinate("kind", ["gru", "lstm"]), Coordinate("lr", log=True), Coordinate("size")]
LINES = [
    Polyline("trial 1", {"kind": "gru", "lr": 0.001, "size": 10}, 0.5),
    Polyline("trial 2", {"kind": "lstm", "lr": 0.1, "size": 20}, 0.9),
    Polyline("trial 3", {"kind": "lstm", "lr": 0.01}, 0.95, ended=False),
    Polyline("trial 4", {"kind": "gru", "lr": 0.01, "size": 15}, float("nan")),
]


def points(svg: str) -> dict[str, list[tuple[float, float]]]:
    """Places of each line by its name."""
    found = {}
    for name, path in re.findall(r"<title>(trial \d+): [^<]*</title><path d=\"M([^\"]*)\"", svg):
        found[name] = [(float(x), float(y)) for x, y in (place.split() for place in path.split("L"))]
    return found


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_each_line_goes_through_its_values(higher_is_better: bool) -> None:
    svg = parallel_svg("trials", COORDINATES, LINES, "dev accuracy", higher_is_better)
    ElementTree.fromstring(svg)
    found = points(svg)
    assert set(found) == {"trial 1", "trial 2", "trial 3"}  # one without a score has no line
    one, two, three = (found[f"trial {number}"] for number in (1, 2, 3))
    assert [x for x, _ in one] == [x for x, _ in two]
    assert one[0][1] > two[0][1]  # gru is below lstm
    assert two[0] == three[0]
    assert three[1][1] == pytest.approx((one[1][1] + two[1][1]) / 2, abs=0.1)  # 0.01 is in the middle of a log axis
    assert three[2][1] > one[2][1] > two[2][1]  # a value that is missing lies under all others
    assert one[3][1] > two[3][1] > three[3][1]
    assert svg.count(CHOSEN) == 1
    best = "trial 2" if higher_is_better else "trial 1"
    assert re.search(rf"{best}: [^<]*</title><path [^>]*{CHOSEN}", svg)
    assert re.search(r"trial 3: [^<]*</title><path [^>]*stroke-dasharray", svg)
    for words in ("not set", "dev accuracy", ">gru<", ">lstm<", "0.01"):
        assert words in svg


def test_no_trials_and_equal_values_are_drawn() -> None:
    assert "nothing to draw yet" in parallel_svg("trials", COORDINATES, [], "accuracy", True)
    same = [Polyline(f"trial {number}", {"kind": "gru", "lr": 0.1, "size": 3}, 0.5) for number in (1, 2)]
    ElementTree.fromstring(parallel_svg("a < b", COORDINATES, same, "accuracy", True))
