"""Searches every byte of every file below some folders for texts in many spellings.

A program of its own: to close a file that SQLite has open in the same process would take SQLite's
locks on it away. Compressed columns of Parquet are unpacked first.

    python byte_search.py PATH…  < {"name": "hex", …}     → [["path", "name"], …]
"""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

Needles = dict[str, bytes]
Hit = tuple[str, str]
"""(path, name of the needle)."""

BYTES_MIN = 5
"""Fewer bytes stand somewhere by chance."""


def spellings(name: str, text: bytes) -> Needles:
    """Return a run of bytes in every spelling in which a program may have written it."""
    found = {
        "raw": text,
        "hex": text.hex().encode(),
        "HEX": text.hex().upper().encode(),
        "escaped": "".join(f"\\x{byte:02x}" for byte in text).encode(),
        "percent": "".join(f"%{byte:02X}" for byte in text).encode(),
        "backwards": text[::-1],
    }
    for shift in range(3):  # in base64 a run of bytes has three looks, at its ends they depend
        for variant, encode in (("", base64.b64encode), ("url", base64.urlsafe_b64encode)):
            whole = encode(b"\0" * shift + text)
            cut = whole[4 if shift else 0 : len(whole) - 4]
            found[f"base64{variant}+{shift}"] = cut
    return {f"{name} {how}": said for how, said in found.items() if len(said) >= BYTES_MIN}


def of_text(name: str, text: str) -> Needles:
    """Return a text in every spelling: case, UTF-16, URLs, JSON."""
    found = spellings(name, text.encode())
    for how, said in (
        ("lower", text.lower().encode()),
        ("UPPER", text.upper().encode()),
        ("utf-16-le", text.encode("utf-16-le")),
        ("utf-16-be", text.encode("utf-16-be")),
        ("utf-32-le", text.encode("utf-32-le")),
        ("url", quote(text, safe="").encode()),
        ("url path", quote(text).encode()),
        ("json", json.dumps(text)[1:-1].encode()),
        ("latin-1", text.encode("latin-1", "replace")),
    ):
        found[f"{name} {how}"] = said
    return found


def of_number(name: str, number: int) -> Needles:
    """Return a number as text, and as its bytes from either end."""
    found = of_text(name, str(number))
    size = (number.bit_length() + 7) // 8
    found[f"{name} big-endian"] = number.to_bytes(size, "big")
    found[f"{name} little-endian"] = number.to_bytes(size, "little")
    return {how: said for how, said in found.items() if len(said) >= BYTES_MIN}


def search(places: Sequence[Path], needles: Mapping[str, bytes]) -> list[Hit]:
    """Return what is found in the files below these places, by another process."""
    assert all(len(needle) >= BYTES_MIN for needle in needles.values())
    asked = json.dumps({name: needle.hex() for name, needle in needles.items()})
    done = subprocess.run(
        [sys.executable, __file__, *map(str, places)],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    return [(path, name) for path, name in json.loads(done.stdout)]


def _contents(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        for column in pq.read_table(path).itercolumns():
            for chunk in column.chunks:
                yield b"".join(bytes(one) for one in chunk.buffers() if one is not None)


def _hits(places: Sequence[str], needles: Mapping[str, bytes]) -> list[Hit]:
    found = []
    for place in map(Path, places):
        for path in (place, *sorted(place.rglob("*"))):
            try:
                contents = list(_contents(path)) if path.is_file() else []
            except FileNotFoundError:
                continue
            contents.append(str(path.relative_to(place)).encode())
            found += [
                (str(path), name)
                for name, needle in needles.items()
                if any(needle in content for content in contents)
            ]
    return found


if __name__ == "__main__":
    asked_for = {name: bytes.fromhex(needle) for name, needle in json.load(sys.stdin).items()}
    print(json.dumps(_hits(sys.argv[1:], asked_for)))
