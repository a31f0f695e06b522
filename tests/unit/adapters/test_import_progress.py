"""A note is replaced whole: a reader sees the old one or the new one."""

from pathlib import Path

from shopwright.adapters.import_progress import ProgressFolder


def test_the_newest_note_of_each_key_is_kept(tmp_path: Path) -> None:
    folder = ProgressFolder(tmp_path / "imports")
    assert folder.load("a") is None
    folder.save("a", b"1")
    folder.save("b", b"2")
    folder.save("a", b"3")
    again = ProgressFolder(tmp_path / "imports")
    assert (again.load("a"), again.load("b"), again.load("c")) == (b"3", b"2", None)


def test_a_crash_while_writing_leaves_the_old_note(tmp_path: Path) -> None:
    folder = ProgressFolder(tmp_path)
    folder.save("a", b"whole")
    (tmp_path / "a.part").write_bytes(b"ha")
    assert folder.load("a") == b"whole"
    folder.save("a", b"next")
    assert folder.load("a") == b"next"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
