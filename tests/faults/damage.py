"""Damage to the files of a run: bytes, whole files, and values inside JSON, TOML and the headers of tensors."""

import json
import os
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

Damage = Callable[[random.Random, Path], None]

ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3.5, -0.5, 1e308, float("nan"), float("inf"), 10**12, 2**63, -(2**63) - 1, 10**30,
    "", "x", "é", "\ud800", "\0", "a" * 5000, "12", "\u202e", "\x1b[31m", [], {}, [[]], {"": {}}, [None],
    [1, "a", None], ["a", "a"], {"kind": "x"}, ["\n"], {"a": 1}, [0], [1e400],
]  # fmt: skip
"""Values to put where others are expected."""


def files_in(run: Path, *endings: str) -> list[Path]:
    """Files of a run, in order; only those with these endings, if any are given. Nothing is written through links."""
    found = sorted(
        file
        for file in run.rglob("*")
        if file.is_file() and not file.is_symlink() and not file.name.startswith(".lock")
    )
    return [file for file in found if not endings or file.name.endswith(endings)]


def flip(draw: random.Random, file: Path) -> None:
    data = bytearray(file.read_bytes())
    for _ in range(draw.choice([1, 1, 2, 8])):
        if data:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    file.write_bytes(data)


def truncate(draw: random.Random, file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: draw.choice([0, 1, 7, 8, len(data) - 1, draw.randrange(len(data) + 1)])])


def overwrite(draw: random.Random, file: Path) -> None:
    data = file.read_bytes()
    at = draw.randrange(len(data) + 1)
    junk = draw.choice(
        [b"\0" * 50, b"\xff" * 5, draw.randbytes(30), b"{", b"]", b'"', b"\n\n", b"nan", b"1e999", b"\\ud800"]
    )
    file.write_bytes(data[:at] + junk + data[at + draw.choice([0, len(junk)]) :])


def append(draw: random.Random, file: Path) -> None:
    file.write_bytes(
        file.read_bytes() + draw.choice([b"\0", b"x", b"{}", b"\n", b"\xff\xfe", b"[1", draw.randbytes(100)])
    )


def replace(draw: random.Random, file: Path) -> None:
    new = draw.choice(
        [b"", b"{}", b"[]", b"null", b"3", b'""', b"[" * 100_000, b'{"a":' * 3000, b"\0" * 100, b"\xef\xbb\xbf{}",
         b"{}\n{}", b'{"format": 2}', b'{"format": 99}', b'{"format": "2"}', b"NaN", b'{"x": NaN}', b"task = 3",
         b"[[a]]", b"9" * 6000]
    )  # fmt: skip
    file.write_bytes(new)


def delete(draw: random.Random, file: Path) -> None:
    file.unlink()


def folder(draw: random.Random, file: Path) -> None:
    file.unlink()
    file.mkdir()
    if draw.random() < 0.5:
        (file / file.name).write_text("x")


def link(draw: random.Random, file: Path) -> None:
    kept = file.with_name(file.name + ".kept")
    file.rename(kept)
    file.symlink_to(draw.choice([kept.name, kept.name, file.name, "nothing", "/dev/zero", "/dev/null", "."]))


def pipe(draw: random.Random, file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def unreadable_name(draw: random.Random, file: Path) -> None:
    """Another file beside it, with the same ending and an odd name."""
    name = draw.choice([b"%ff.json", b"\xff.json", b"%2e%2e%2fx.json", b"a" * 200 + b".json", b"%00.json", b" .json"])
    shutil.copy(os.fsencode(file), os.path.join(os.fsencode(file.parent), name))


def swap(draw: random.Random, file: Path) -> None:
    """Exchange two files of the run."""
    other = draw.choice(files_in(file.parent if draw.random() < 0.5 else run_of(file)))
    ours, theirs = file.read_bytes(), other.read_bytes()
    file.write_bytes(theirs)
    other.write_bytes(ours)


def run_of(file: Path) -> Path:
    return file.parent.parent if file.parent.name in ("codecs", "state", "plugins") else file.parent


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values inside a value; of a long list only those of a few items."""
    found = [path] if path else []
    if isinstance(node, dict):
        for key, item in node.items():
            found += places(item, (*path, key))
    elif isinstance(node, list):
        for number in [*range(min(3, len(node))), *range(max(3, len(node) - 2), len(node))]:
            found += places(node[number], (*path, number))
    return found


def change_value(draw: random.Random, value: Any) -> Any:
    """Change one value inside a JSON value; the syntax stays right."""
    value = json.loads(json.dumps(value))
    found = places(value)
    if not found:
        return draw.choice(ODD)
    *way, last = draw.choice(found)
    node = value
    for key in way:
        node = node[key]
    old = node[last]
    edit = draw.randrange(9)
    if edit <= 2:
        node[last] = draw.choice(ODD)
    elif edit == 3:
        del node[last]
    elif edit == 4 and isinstance(node, list):
        node.insert(draw.randrange(len(node) + 1), old)
    elif edit == 5 and isinstance(old, int | float):
        node[last] = draw.choice([old + 1, -old, old * 10**9, str(old), [old], float(old), old * 0])
    elif edit == 6 and isinstance(old, list):
        node[last] = draw.choice(
            [old[:-1], old + old, [], old[::-1], dict(enumerate(map(str, old))), [old], old * 1000]
        )
    elif edit == 7 and isinstance(node, dict):
        node[draw.choice(["x", "", "kind", str(last) + "s", "\u202e"])] = node.pop(last)
    elif isinstance(old, str):
        node[last] = draw.choice([old + "x", old.upper(), "", old * 3, "\ud800" + old, None])
    else:
        node[last] = draw.choice([None, {"a": old}, [[[old]]], draw.choice(ODD)])
        for _ in range(draw.choice([0, 0, 40, 200])):
            node[last] = [node[last]]
    return value


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "surrogatepass") + b"\n"


def edit_json(draw: random.Random, file: Path) -> None:
    value = json.loads(file.read_bytes())
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        value = change_value(draw, value)
    data = dumped(value)
    if draw.random() < 0.05:  # one key twice
        data = data.replace(b"{\n", b'{\n"words": [], "labels": 3, "format": 2,\n', 1)
    file.write_bytes(data)


def edit_events(draw: random.Random, file: Path) -> None:
    lines = file.read_bytes().split(b"\n")[:-1]
    if not lines:
        return
    for _ in range(draw.choice([1, 1, 3])):
        at = draw.choice([0, len(lines) - 1, draw.randrange(len(lines))])
        edit = draw.randrange(6)
        if edit <= 2:
            changed = change_value(draw, json.loads(lines[at]))
            lines[at] = json.dumps(changed, ensure_ascii=False).encode("utf-8", "surrogatepass")
        elif edit == 3:
            lines.insert(at, draw.choice([b"", b"{", b"[]", b"\xff", b"null", b'{"event": "x", "step": 1}', lines[at]]))
        elif edit == 4 and len(lines) > 1:
            del lines[at]
        else:
            draw.shuffle(lines)
    file.write_bytes(b"\n".join(lines) + draw.choice([b"\n", b"\n", b"", b'\n{"event": "ste']))


def edit_recipe(draw: random.Random, file: Path) -> None:
    lines = file.read_text(encoding="utf-8").split("\n")
    for _ in range(draw.choice([1, 1, 2])):
        at = draw.choice([place for place, line in enumerate(lines) if "=" in line] or [0])
        key, _, value = lines[at].partition("=")
        edit = draw.randrange(6)
        if edit == 0:
            del lines[at]
        elif edit == 1:
            lines[at] = (
                f"{key}= {draw.choice(['1e999', 'nan', '-1', '0', '10', '1000000000', '[]', '{}', 'true', '[['])}"
            )
        elif edit == 2 and value.strip().isdigit():
            lines[at] = f"{key}= {int(value) + draw.choice([1, -1, 7, 10**6, 10**12])}"
        elif edit == 3:
            lines[at] = f"{key}x ={value}"
        elif edit == 4:
            names = [
                "gru",
                "lstm",
                "crf",
                "linear",
                "words",
                "subwords",
                "tag",
                "lm",
                "classify",
                "csv",
                "text",
                "upos",
                "x",
            ]
            lines[at] = f'{key}= "{draw.choice(names)}"'
        else:
            lines.insert(
                at,
                draw.choice(
                    ["[", "= 3", "extends = 'x.toml'", 'extends = "/etc/passwd"', "\0", "seed = 1", "[encoder]"]
                ),
            )
        lines = lines or [""]
    file.write_text("\n".join(lines), encoding="utf-8")


def edit_header(draw: random.Random, file: Path) -> None:
    """Change the header of a file of tensors, its length made right."""
    header, tensors = parts(file.read_bytes())
    if draw.random() < 0.5 and "__metadata__" in header:
        inner = {key: json.loads(text) for key, text in header["__metadata__"].items()}
        inner = {key: change_value(draw, value) for key, value in inner.items()}
        header["__metadata__"] = {key: json.dumps(value) for key, value in inner.items()}
    elif draw.random() < 0.5:
        header = change_value(draw, header)
    else:
        name = draw.choice(sorted(set(header) - {"__metadata__"}) or ["x"])
        entry = header.get(name, {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]})
        edit = draw.randrange(5)
        if edit == 0:
            entry["shape"] = entry["shape"][::-1]
        elif edit == 1:
            entry["dtype"] = draw.choice(["F32", "I32", "U32", "F64", "BF16", "F16", "I64", "BOOL", "X"])
        elif edit == 2:
            entry["shape"] = [*entry["shape"], 1]
        elif edit == 3:
            header[f"{name}x"] = header.pop(name, entry)
        else:
            entry["shape"] = draw.choice([[10**12], [2**63], [-1], [], [0], [1] * 70, [10**6, 10**6, 10**6]])
    file.write_bytes(joined(header, tensors))


def edit_tensors(draw: random.Random, file: Path) -> None:
    """Put NaN, infinities or zeros among the weights."""
    header, tensors = parts(file.read_bytes())
    if len(tensors) < 4:
        return
    at = draw.randrange(len(tensors) // 4) * 4
    new = draw.choice(
        [struct.pack("<f", float("nan")), struct.pack("<f", float("inf")), b"\0\0\0\0", struct.pack("<f", 1e30)]
    )
    file.write_bytes(joined(header, tensors[:at] + new + tensors[at + 4 :]))


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and tensors of a safetensors file."""
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def joined(header: Any, tensors: bytes) -> bytes:
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + tensors


ON_ANY: list[Damage] = [flip, flip, truncate, truncate, overwrite, append, replace, delete, folder, link, pipe, swap]
INSIDE: dict[str, list[Damage]] = {
    ".json": [edit_json],
    ".jsonl": [edit_events],
    ".toml": [edit_recipe],
    ".safetensors": [edit_header, edit_header, edit_tensors],
}


def damage(draw: random.Random, run: Path) -> str:
    """Damage a file of a run, now and then several; returns what was done."""
    done = []
    for _ in range(draw.choice([1, 1, 1, 1, 2, 3])):
        found = files_in(run, ".json", ".jsonl", ".toml", ".safetensors")
        if not found:
            break
        if draw.random() < 0.25:  # codecs have many files, and each kind of file shall have its turn
            found = [file for file in found if file.parent == run] or found
        file = draw.choice(found)
        kinds = INSIDE[file.suffix] if draw.random() < 0.6 else ON_ANY
        chosen = draw.choice(kinds)
        if file.parent.name == "codecs" and draw.random() < 0.02:
            chosen = unreadable_name
        try:
            chosen(draw, file)
        except (ValueError, LookupError, TypeError, AttributeError, UnicodeError):  # damaged already
            flip(draw, file)
            done.append(f"flip {file.relative_to(run)}")
        else:
            done.append(f"{chosen.__name__} {file.relative_to(run)}")
    return ", ".join(done)


def is_same(one: Path, other: Path) -> bool:
    """True for runs whose files have the same bytes."""
    ours, theirs = files_in(one), files_in(other)
    return [file.relative_to(one) for file in ours] == [file.relative_to(other) for file in theirs] and all(
        mine.read_bytes() == their.read_bytes() and not mine.is_symlink()
        for mine, their in zip(ours, theirs, strict=True)
    )
