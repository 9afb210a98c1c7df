"""Recordings and small data sets that several tests share; no real recording is committed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")  # one core a worker

collect_ignore = ["data", "typing"]  # no tests, and not to be run
DATA = Path(os.environ.get("SKLSPEECH_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Keep the tests of a classifier or of a module in one process (--dist loadgroup): networks are traced once."""
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        estimator = params.get("estimator", params.get("classifier"))
        group = item.nodeid.split("::")[0] if estimator is None else type(estimator).__name__
        item.add_marker(pytest.mark.xdist_group(group))


NO_RECORDINGS = "no recordings"
SETS = "fsdd (Jakobovski/free-spoken-digit-dataset), arabic20 (abdulkaderghandoura/arabic-speech-commands-dataset)"


def recordings(name):
    """A folder of real recordings; the test is skipped where it is absent."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"{NO_RECORDINGS} in {folder}")
    return folder


def pytest_terminal_summary(terminalreporter):
    """Say in one line how many tests never ran for lack of recordings."""
    skipped = terminalreporter.stats.get("skipped", [])
    n_tests = sum(NO_RECORDINGS in str(report.longrepr) for report in skipped)
    if n_tests:
        terminalreporter.write_line(
            f"{n_tests} tests were skipped because there are no real recordings in {DATA}: get {SETS} and others, one "
            "folder each with a manifest.csv of path, label, speaker, and set SKLSPEECH_DATA to the folder around them"
        )


@pytest.fixture(scope="session", autouse=True)
def many_networks_wait():
    """More than a user's process keeps: tests use several hundred forms of networks, each traced in seconds."""
    from sklspeech.recognizers import network_pool

    network_pool._MAX_IDLE = 16


@pytest.fixture(scope="session")
def fsdd():
    """The Free Spoken Digit Dataset: Bunch of paths, labels and speakers."""
    from sklspeech.datasets import load_speech_folder

    return load_speech_folder(recordings("fsdd"))


@pytest.fixture(scope="session")
def odd_audio():
    """The folder of good and bad files."""
    return recordings("odd_audio")


@pytest.fixture(scope="session")
def words(tmp_path_factory):
    """Sixty WAV files: yes, no and stop by four synthetic speakers."""
    from sklspeech.datasets import make_spoken_words

    folder = tmp_path_factory.mktemp("words") / "recordings"
    return make_spoken_words(["yes", "no", "stop"], n_speakers=4, n_takes=5, folder=folder, random_state=0)


@pytest.fixture(scope="session")
def features(words):
    """Mel features of `words`, (60, n_frames, 40)."""
    from sklspeech import MelFeatures

    return MelFeatures().fit_transform(words.data)


@pytest.fixture(scope="session")
def noise():
    """One second of noise, quiet at both ends, (16000,)."""
    random = np.random.default_rng(0)
    return (random.normal(0, 0.1, 16000) * np.hanning(16000)).astype(np.float32)


WITHOUT_TRAINING = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras", "scikeras", "librosa", "onnx", "tf2onnx", "rich"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""


@pytest.fixture
def run_without_training():
    """Run code with arguments in a fresh process where nothing that trains can be imported; what it printed."""

    def run(code, *arguments):
        command = [sys.executable, "-c", WITHOUT_TRAINING + code, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return run
