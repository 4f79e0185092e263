"""`python -m seqnlp.pages`: write the key reference and the types of recipes anew, after a change of the specs."""

from seqnlp.pages import FOLDER, typed
from seqnlp.pages.keys import Reference, write_reference


def main() -> None:
    """Write all files of the reference, and remove others."""
    written = write_reference(Reference())
    for path in (FOLDER / "keys").glob("*.md"):
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        (FOLDER / "keys" / name).write_text(text, encoding="utf-8")
    typed.FILE.write_text(typed.write_types(), encoding="utf-8")
    print(f"wrote {len(written)} files in {FOLDER / 'keys'}")


if __name__ == "__main__":
    main()
