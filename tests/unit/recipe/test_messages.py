from collections.abc import Callable

import pytest

Faults = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        # unknown keys
        ("[cell]\nkind = 'gru'\nsise = 3", "5:1: cell.sise: unknown key", "did you mean `size`?"),
        ("[cell]\nkind = 'gru'\nhidden_size = 3", "5:1: cell.hidden_size: unknown key", "did you mean `size`?"),
        ("cel = 'gru'", "3:1: cel: unknown key", "did you mean `cell`?"),
        ("extend = 'x.toml'", "3:1: extend: unknown key", "did you mean `extends`?"),
        ("min_count = 3", "3:1: min_count: unknown key", "`min_count` belongs to [words]"),
        ("[cell]\nkind='gru'\nseed = 3", "5:1: cell.seed: unknown key", "`seed` belongs to the top of the file"),
        ("[cell]\nkind='gru'\nforget = 1.0", "5:1: cell.forget: unknown key", 'kind "lstm" has it'),
        ("[words]\nmin_count = 1\nx = 1", "5:1: words.x: unknown key", "known keys: min_count, lowercase, name"),
        ("stack = ['gru', { kind = 'lstm', sizes = 2 }]", "3:34: stack.1.sizes: unknown key", "did you mean `size`?"),
        ("[by_name.x]\nkind='gru'\nsizes = 2", "5:1: by_name.x.sizes: unknown key", "did you mean `size`?"),
        # kinds
        ("cell = 'gur'", '3:1: cell: unknown kind "gur"; expected "gru" or "lstm"', 'did you mean "gru"?'),
        ("cell.kind = 'GRU'", '3:6: cell.kind: unknown kind "GRU"; expected "gru" or "lstm"', 'did you mean "gru"?'),
        ("cell.kind = 3", '3:6: cell.kind: unknown kind 3; expected "gru" or "lstm"', ""),
        ("[cell]\nsize = 3", "3:2: cell.kind: [cell] needs the key `kind`", 'one of "gru" or "lstm"'),
        ("cell = 3", '3:1: cell: expected a table or one of the kinds "gru" or "lstm", found 3', ""),
        (
            "[[cell]]\nkind = 'gru'",
            '3:3: cell: expected a table or one of the kinds "gru" or "lstm", found an array of 1',
            "write [cell] in single brackets",
        ),
        ("words = true", "3:1: words: expected a table, found true", ""),
        # missing
        ("[words]", "3:2: words.min_count: [words] needs the key `min_count`", "How often a word must occur"),
        # types
        ("seed = '256'", '3:1: seed: expected a whole number, found the string "256"', "write seed = 256"),
        ("seed = 2.0", "3:1: seed: expected a whole number, found 2.0", "write seed = 2"),
        ("seed = 2.5", "3:1: seed: expected a whole number, found 2.5", ""),
        ("seed = true", "3:1: seed: expected a whole number, found true", ""),
        ("seed = 'many'", '3:1: seed: expected a whole number, found the string "many"', ""),
        ("rate = '.5'", '3:1: rate: expected a number, found the string ".5"', "write rate = 0.5"),
        ("rate = []", "3:1: rate: expected a number, found an empty array", ""),
        ("rate = inf", "3:1: rate: expected a finite number, found inf", ""),
        (
            "words = { min_count = 1, lowercase = 'Yes' }",
            '3:26: words.lowercase: expected true or false, found the string "Yes"',
            "write lowercase = true",
        ),
        ("title = 3", "3:1: title: expected a string, found 3", 'write title = "3"'),
        ("title = ['x']", "3:1: title: expected a string, found an array of 1", 'write title = "x"'),
        (
            "title = 2024-01-01",
            "3:1: title: expected a string, found the date 2024-01-01",
            'write title = "2024-01-01"',
        ),
        ("title = 07:32:00", "3:1: title: expected a string, found the time 07:32:00", 'write title = "07:32:00"'),
        ("title.x = 3", "3:1: title: expected a string, found a table", ""),
        (
            "plugins = 'a.py, b.py'",
            '3:1: plugins: expected an array, found the string "a.py, b.py"',
            'write plugins = ["a.py", "b.py"]',
        ),
        ("chars.widths = 3", "3:7: chars.widths: expected an array, found 3", "write widths = [3]"),
        ("chars.widths = [1, '2']", '3:20: chars.widths.1: expected a whole number, found the string "2"', "write 2"),
        (
            "steps = 'atuo'",
            '3:1: steps: expected a whole number or "auto", found the string "atuo"',
            'did you mean "auto"?',
        ),
        (
            "schedule = 'cosin'",
            '3:1: schedule: expected "cosine" or "linear", found the string "cosin"',
            'did you mean "cosine"?',
        ),
        ("schedule = 1", '3:1: schedule: expected "cosine" or "linear", found 1', ""),
        ("channels = 3", "3:1: channels: expected 1 or 2, found 3", ""),
        # what a section's own validator says
        ("title = 'eleven letters'", "3:1: title: a title has 10 letters at most", ""),
        # limits
        ("seed = -1", "3:1: seed: must be at least 0, found -1", ""),
        ("rate = 0", "3:1: rate: must be greater than 0, found 0", ""),
        ("cell = { kind = 'gru', dropout = 1.0 }", "3:24: cell.dropout: must be less than 1, found 1.0", ""),
        ("chars.widths = [10]", "3:17: chars.widths.0: must be at most 9, found 10", ""),
        ("chars.widths = []", "3:7: chars.widths: must have 1 or more items, found 0", ""),
        ("steps = 0", "3:1: steps: must be at least 1, found 0", ""),
        (
            "words = { min_count = 1, name = 'abcdefghij' }",
            '3:26: words.name: must have 9 or fewer characters, found the string "abcdefghij"',
            "",
        ),
        # combinations that only the task knows
        (
            "chars = 'cnn'\nwords.lowercase = true\nwords.min_count = 1",
            "4:7: words.lowercase: letters would be of no use",
            "leave out [chars]",
        ),
        ("stack = [{ kind = 'gru', size = 501 }]", "3:26: stack.0.size: the stack is too large", ""),
    ],
)
def test_a_fault(faults: Faults, text: str, problem: str, hint: str) -> None:
    assert faults(text) == [f"r.toml:{problem}" + (f" ({hint})" if hint else "")]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("cell.sise=3", "cell.sise: unknown key (did you mean `size`?)"),
        (
            "title=2024-01-01",
            "title: expected a string, found the date 2024-01-01 (write --set 'title=\"2024-01-01\"')",
        ),
        ("seed=many", 'seed: expected a whole number, found the string "many"'),
        ('seed="3"', 'seed: expected a whole number, found the string "3" (write --set seed=3)'),
        ("plugins=[a.py]", 'plugins: expected an array, found the string "[a.py]" (write --set \'plugins=["a.py"]\')'),
        ("words.lowercase=yes", "words.min_count: [words] needs the key `min_count` (How often a word must occur)"),
        ("task=tinny", 'task: unknown task "tinny"; expected "tiny" (did you mean "tiny"?)'),
    ],
)
def test_a_fault_of_an_override_names_the_override(faults: Faults, override: str, expected: str) -> None:
    assert f"--set {override}: {expected}" in faults("cell = 'gru'", override)


def test_all_faults_are_told_at_once_in_the_order_of_the_file_then_of_the_overrides(faults: Faults) -> None:
    found = faults("zzz = 1\nseed = -1\ncell.size = 0\ncell.kind = 'gru'\n[words]\n", "rate=0", "title=1")
    places = [fault.split(": ")[0] for fault in found]
    assert places == ["r.toml:3:1", "r.toml:4:1", "r.toml:5:6", "r.toml:7:2", "--set rate=0", "--set title=1"]


def test_what_the_whole_recipe_lacks_has_no_line(faults: Faults) -> None:
    assert faults("seed = 1", head="") == ['r.toml: task: the recipe needs the key `task` (one of "tiny")']
    assert faults("task = 'tiny'", head="") == ["r.toml: data: the recipe needs the section [data]"]


def test_a_long_or_odd_string_is_shown_on_one_line(faults: Faults) -> None:
    (fault,) = faults('seed = "\\u001b[31m\\n' + 100 * "x" + '"')
    assert "\x1b" not in fault
    assert "\n" not in fault
    assert len(fault) < 150
