"""files: reports are whole or absent, replace nothing but regular files, and one line says what cannot be written."""

import os
import stat
import threading
from pathlib import Path

import pytest

from backproof_docs.files import require_folder, require_writable, write
from backproof_impl.conventions import UsageError


def _refusal(done, *arguments):
    with pytest.raises(UsageError) as raised:
        done(*arguments)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_report_is_written_whole_with_ordinary_permissions(tmp_path):
    path = tmp_path / "report.json"
    old = os.umask(0o027)
    try:
        write("report", path, "δW = δZ·Yᵀ\n")
    finally:
        os.umask(old)
    assert path.read_bytes() == "δW = δZ·Yᵀ\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize(
    ("number", "said"),
    [(28, "No space left on device: make room there, or write elsewhere"), (30, "Read-only file system: expected a")],
)
def test_a_failure_leaves_the_old_file_and_no_temporaries(tmp_path, monkeypatch, number, said):
    path = tmp_path / "report.json"
    path.write_text("old", encoding="utf-8")

    def full(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(type(path), "replace", full)
    assert _refusal(write, "report", path, "new").startswith(f"report {path}: {said}")
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_an_interrupt_leaves_the_old_file_and_no_temporaries(tmp_path, monkeypatch):
    path = tmp_path / "report.json"

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(path), "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write("report", path, "new")
    assert list(tmp_path.iterdir()) == []


# --- what is no regular file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leads_to", ["there", "made"])
def test_a_link_stays_and_leads_to_the_new_file(tmp_path, leads_to):
    (tmp_path / "there").write_text("old", encoding="utf-8")
    (tmp_path / "link").symlink_to(leads_to)
    (tmp_path / "second").symlink_to("link")
    require_writable("report", tmp_path / "second")
    write("report", tmp_path / "second", "new")
    assert (tmp_path / "second").is_symlink()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / leads_to).read_text(encoding="utf-8") == "new"


def test_a_pipe_is_written_through(tmp_path):
    pipe, text, heard = tmp_path / "pipe", "x" * 2**18, []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    require_writable("report", pipe)
    write("report", pipe, text)
    reader.join(timeout=10)
    assert heard == [text]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_stays_a_device():
    require_writable("report", Path(os.devnull))
    write("report", Path(os.devnull), "x")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_full_device_is_one_line_and_stays_a_device(tmp_path):
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    require_writable("report", full)
    assert _refusal(write, "report", full, "x") == (
        f"report {full}: No space left on device: make room there, or write elsewhere"
    )
    assert stat.S_ISCHR(full.stat().st_mode)


def test_our_own_output_sent_to_a_file_is_written_to_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "out.txt"
    with path.open("w", encoding="utf-8") as output:
        monkeypatch.setattr("sys.stdout", output)
        output.write("before\n")
        write("report", path, "the report\n")
        output.write("after\n")
    assert path.read_text(encoding="utf-8") == "before\nthe report\nafter\n"


# --- folders ----------------------------------------------------------------------------------------------------------


def test_missing_folders_are_made_and_left_empty(tmp_path):
    require_writable("report", tmp_path / "a" / "b" / "report.json")
    require_folder("--out", tmp_path / "c" / "d")
    assert list((tmp_path / "a" / "b").iterdir()) == list((tmp_path / "c" / "d").iterdir()) == []


def test_a_folder_that_vanished_is_one_line(tmp_path):
    path = tmp_path / "gone" / "report.json"
    require_writable("report", path)
    path.parent.rmdir()
    said = "No such file or directory: its folder has gone; make it again, or write elsewhere"
    assert _refusal(write, "report", path, "x") == f"report {path}: {said}"


@pytest.mark.parametrize("check", [require_writable, lambda what, path: write(what, path, "x")])
@pytest.mark.parametrize("name", ["loop", "nul\0", "x" * 300, "file/report"])
def test_a_name_that_cannot_be_written_is_one_line(tmp_path, check, name):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert _refusal(check, "report", tmp_path / name).startswith(f"report {tmp_path}")
