"""A file is written whole or not at all, whatever happens meanwhile."""

import errno
import os
import signal
import subprocess
import sys
import time

import joblib
import numpy as np
import pytest

from sklspeech._runtime import files
from sklspeech._runtime.files import atomic_write
from sklspeech.app import training

posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and devices are those of POSIX")


def write(path, content="new", error=None):
    with atomic_write(path) as unchecked:
        unchecked.write_text(content)
        if error is not None:
            raise error


def test_written(tmp_path):
    write(tmp_path / "model.bin")
    write(tmp_path / "model.bin", "newer")
    assert (tmp_path / "model.bin").read_text() == "newer"
    assert [path.name for path in tmp_path.iterdir()] == ["model.bin"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError(errno.ENOSPC, "No space left on device")])
def test_what_stood_there_stays(tmp_path, error):
    (tmp_path / "model.bin").write_text("older")
    with pytest.raises(error if isinstance(error, type) else OSError):
        write(tmp_path / "model.bin", "half", error)
    assert (tmp_path / "model.bin").read_text() == "older"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_disk_that_is_full_when_it_comes_to_writing(tmp_path, monkeypatch):
    (tmp_path / "model.bin").write_text("older")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "model.bin")
    assert (tmp_path / "model.bin").read_text() == "older"


@posix
@pytest.mark.parametrize(
    "make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/null", path)], ids=["pipe", "folder", "device"]
)
def test_what_is_no_regular_file_is_not_replaced(tmp_path, make):
    make(tmp_path / "model.bin")
    before = os.lstat(tmp_path / "model.bin")
    with pytest.raises(ValueError, match="no regular file"):
        write(tmp_path / "model.bin")
    assert os.path.samestat(before, os.lstat(tmp_path / "model.bin"))
    assert len(list(tmp_path.iterdir())) == 1


@posix
def test_a_link_stays_and_its_file_is_written(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far/model.bin").write_text("older")
    (tmp_path / "model.bin").symlink_to("far/model.bin")
    write(tmp_path / "model.bin")
    assert (tmp_path / "model.bin").is_symlink()
    assert (tmp_path / "far/model.bin").read_text() == "new"


@posix
def test_links_of_temporary_names_are_not_followed(tmp_path):
    (tmp_path / "precious").write_text("older")
    for name in (".model.bin.unchecked", ".model.bin.tmp"):
        (tmp_path / name).symlink_to(tmp_path / "precious")
    write(tmp_path / "model.bin")
    assert (tmp_path / "precious").read_text() == "older"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_permissions(tmp_path, mode):
    (tmp_path / "model.bin").touch()
    (tmp_path / "model.bin").chmod(mode)
    write(tmp_path / "model.bin")
    assert (tmp_path / "model.bin").stat().st_mode & 0o777 == mode
    (tmp_path / "plain").touch()
    write(tmp_path / "new.bin")
    assert (tmp_path / "new.bin").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("length", [200, 255])
def test_long_names(tmp_path, length):
    name = "m" * (length - 4) + ".bin"
    write(tmp_path / name)
    assert (tmp_path / name).read_text() == "new"


def test_several_writers(tmp_path):
    path = tmp_path / "model.joblib"
    joblib.Parallel(2, backend="loky")(joblib.delayed(training.save)([i] * 10**5, path) for i in range(40))
    assert len(set(joblib.load(path))) == 1
    assert len(list(tmp_path.iterdir())) == 1


@posix
def test_a_process_that_is_killed(tmp_path):
    path = tmp_path / "model.joblib"
    joblib.dump("older", path)
    code = (
        "import sys, joblib, numpy as np; from sklspeech.app.training import save; from pathlib import Path;"
        "print('begins', flush=True); save(np.zeros(10**9, np.uint8), Path(sys.argv[1]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    process.stdout.readline()
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = joblib.load(path)
    assert isinstance(kept, np.ndarray) or kept == "older"
