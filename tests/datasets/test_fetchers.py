"""Data sets in their official layout: from a server that breaks, from archives, from folders."""

import hashlib
import io
import tarfile
import threading
import zipfile
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import soundfile

from sklspeech import AudioLoader, datasets
from sklspeech.datasets import downloads, fetchers
from sklspeech.datasets.downloads import Archive, fetch

RATE = 16_000
CLIP = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)


def sound(n_samples=RATE):
    file = io.BytesIO()
    soundfile.write(file, np.resize(CLIP, n_samples), RATE, format="WAV")
    return file.getvalue()


def pack(files, kind="gz"):
    """An archive of files by name."""
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Server:
    """Serves one file, by parts if asked; breaks off after some bytes, as often as it is told."""

    def __init__(self, content, breaks=0, knows_ranges=True):
        self.requests = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                header = self.headers.get("Range")
                server.requests.append(header)
                start = int(header.removeprefix("bytes=").rstrip("-")) if header and knows_ranges else 0
                if start >= len(content):
                    self.send_response(416)
                    self.end_headers()
                    return
                rest = content[start:]
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(rest)))
                self.end_headers()
                is_broken = len(server.requests) <= breaks
                self.wfile.write(rest[: len(rest) // 2] if is_broken else rest)
                self.close_connection = True

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/data.tar.gz"


@pytest.fixture
def serve():
    servers = []

    def start(*args, **options):
        servers.append(Server(*args, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.http.shutdown()


FILES = {f"data/{i}.bin": np.random.default_rng(i).bytes(3000) for i in range(2)}
CONTENT = pack(FILES)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    ("options", "n_requests"),
    [({}, 1), ({"breaks": 2}, 3), ({"breaks": 1, "knows_ranges": False}, 2)],
    ids=["whole", "broken and resumed", "broken and begun again"],
)
def test_download(serve, tmp_path, options, n_requests):
    server = serve(CONTENT, **options)
    folder = fetch(Archive(server.url, SHA256, "data.tar.gz"), tmp_path)
    assert {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.bin")} == FILES
    assert len(server.requests) == n_requests
    assert fetch(Archive(server.url, SHA256, "data.tar.gz"), tmp_path) == folder
    assert len(server.requests) == n_requests  # not again
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "data.tar.gz"]


def test_a_download_goes_on_in_another_process(serve, tmp_path):
    server = serve(CONTENT)
    (tmp_path / "data.tar.gz.part").write_bytes(CONTENT[:1000])
    fetch(Archive(server.url, SHA256, "data.tar.gz"), tmp_path)
    assert server.requests == ["bytes=1000-"]


def test_wrong_digest_leaves_nothing(serve, tmp_path):
    server = serve(CONTENT)
    with pytest.raises(ValueError, match="SHA256"):
        fetch(Archive(server.url, "0" * 64, "data.tar.gz"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_breaks_for_ever(serve, tmp_path):
    server = serve(CONTENT, breaks=100)
    with pytest.raises(OSError, match=r"Put data\.tar\.gz, of SHA256 \w{64}, into .* as archive"):
        fetch(Archive(server.url, SHA256, "data.tar.gz"), tmp_path)
    assert len(server.requests) == downloads._ATTEMPTS


def test_no_network_names_the_file_and_the_folder(tmp_path):
    with pytest.raises(OSError, match=r"cannot be downloaded .*Put data\.tar\.gz"):
        fetch(Archive("http://127.0.0.1:9/data.tar.gz", SHA256, "data.tar.gz"), tmp_path)
    (tmp_path / "data.tar.gz").write_bytes(CONTENT)  # as it says
    assert fetch(Archive("http://127.0.0.1:9/data.tar.gz", SHA256, "data.tar.gz"), tmp_path).is_dir()


def linking(target):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, target
        archive.addfile(info)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"no archive", pack({"../../outside.txt": b"x"}), linking("/etc/passwd"), CONTENT[:200]],
    ids=["no archive", "outside", "link", "cut"],
)
def test_hostile_archives_leave_nothing(tmp_path, content):
    home = tmp_path / "a" / "b" / "home"
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no archive that can be unpacked"):
        fetch(Archive("", "", ""), home, path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]
    assert list(home.iterdir()) == []


def speech_commands():
    """The official layout: words, noise, two lists by the hash rule."""
    words = [*fetchers._TEN_WORDS, "bed", "cat", "dog"]
    files, lists = {}, {"validation": [], "testing": []}
    speakers = [hashlib.sha1(f"{i}".encode()).hexdigest()[:8] for i in range(40)]
    content = sound(800)
    for word in words:
        for speaker in speakers:
            name = f"{word}/{speaker}_nohash_0.wav"
            files[name] = content
            part = datasets.which_speech_commands_set(name)
            if part != "train":
                lists["testing" if part == "test" else part].append(name)
    for part, names in lists.items():
        files[f"{part}_list.txt"] = "\n".join(names).encode()
    files["_background_noise_/tap.wav"] = sound(3 * RATE)
    return files


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    path = tmp_path_factory.mktemp("commands") / "speech_commands_v0.02.tar.gz"
    path.write_bytes(pack({f"./{name}": content for name, content in speech_commands().items()}))
    return path


def test_speech_commands_splits_are_those_of_the_hash_rule(commands, tmp_path):
    parts = {}
    for subset in ("train", "validation", "test", "all"):
        speech = datasets.fetch_speech_commands(subset=subset, archive=commands, data_home=tmp_path)
        rule = {datasets.which_speech_commands_set(path) for path in speech.data}
        assert rule == ({"train", "validation", "test"} if subset == "all" else {subset})
        assert len(speech.target_names) == 13
        parts[subset] = speech
    assert sum(len(parts[name].data) for name in ("train", "validation", "test")) == len(parts["all"].data) == 13 * 40
    speakers = [set(parts[name].groups) for name in ("train", "validation", "test")]
    assert not speakers[0] & speakers[1]
    assert not speakers[1] & speakers[2]
    assert "CC BY 4.0" in parts["train"].DESCR


def test_hash_rule_is_that_of_the_paper():
    """Speakers whom the published testing_list.txt of version 2 begins with, and shares of many."""
    for speaker in ("bb05582b", "97f4c236", "b83c1acf"):
        assert datasets.which_speech_commands_set(f"right/{speaker}_nohash_3.wav") == "test"
    names = [f"{i:08x}_nohash_0.wav" for i in range(20_000)]
    counts = Counter(map(datasets.which_speech_commands_set, names))
    assert counts["validation"] == pytest.approx(2000, abs=150)
    assert counts["test"] == pytest.approx(2000, abs=150)


def test_twelve_words(commands, tmp_path):
    speech = datasets.fetch_speech_commands(task="12", archive=commands, data_home=tmp_path, random_state=0)
    counts = Counter(speech.target.tolist())
    n_commands = sum(counts[word] for word in fetchers._TEN_WORDS)
    assert set(counts) == {*fetchers._TEN_WORDS, "_unknown_", "_silence_"}
    assert counts["_unknown_"] == counts["_silence_"] == -(-n_commands // 10)
    silence = speech.data[speech.target == "_silence_"]
    assert {len(w) for w in AudioLoader(duration=None).fit_transform(silence)} <= set(range(RATE - 1, RATE + 2))
    again = datasets.fetch_speech_commands(task="12", archive=commands, data_home=tmp_path, random_state=0)
    assert again.data.tolist() == speech.data.tolist()


def test_spoken_digits(tmp_path):
    root = "free-spoken-digit-dataset-1.0.9/recordings"
    files = {f"{root}/{d}_{who}_{take}.wav": sound(400) for d in "07" for who in ("ada", "bo") for take in range(7)}
    path = tmp_path / "digits.tar.gz"
    path.write_bytes(pack(files))
    sizes = {
        s: len(datasets.fetch_spoken_digits(subset=s, archive=path, data_home=tmp_path).data) for s in ("train", "test")
    }
    assert sizes == {"train": 8, "test": 20}
    speech = datasets.fetch_spoken_digits(archive=path, data_home=tmp_path)
    assert (speech.target_names, sorted(set(speech.groups))) == (["0", "7"], ["ada", "bo"])


def test_yesno(tmp_path):
    files = {f"waves_yesno/{'_'.join(f'{i:08b}')}.wav": sound(400) for i in range(60)}
    path = tmp_path / "yesno.tar.gz"
    path.write_bytes(pack(files))
    train, test = (datasets.fetch_yesno(subset=s, archive=path, data_home=tmp_path) for s in ("train", "test"))
    assert (len(train.data), len(test.data)) == (30, 30)
    assert train.target[1] == "no no no no no no no yes"
    (folder,) = tmp_path.glob("yesno.tar.gz.*/waves_yesno")
    assert datasets.fetch_yesno(archive=folder).data.tolist() == [*train.data, *test.data]


def test_librispeech(tmp_path):
    files = {}
    for speaker in ("84", "1988"):
        names = [f"{speaker}-12-{i:04d}" for i in range(3)]
        files |= {f"LibriSpeech/dev-clean/{speaker}/12/{name}.flac": sound(400) for name in names}
        text = "\n".join(f"{name} IT IS {i}" for i, name in enumerate(names))
        files[f"LibriSpeech/dev-clean/{speaker}/12/{speaker}-12.trans.txt"] = text.encode()
    files["LibriSpeech/README.TXT"] = b"x"
    path = tmp_path / "dev-clean.tar.gz"
    path.write_bytes(pack(files))
    speech = datasets.fetch_librispeech(archive=path, data_home=tmp_path)
    assert len(speech.data) == 6
    assert set(speech.groups) == {"84", "1988"}
    assert "IT IS 2" in speech.target


def test_common_voice(tmp_path):
    table = 'client_id\tpath\tsentence\n"x\ta.mp3\tHe said "so.\ny\tb.mp3\tYes.\n'
    files = {"cv/nl/train.tsv": table.encode(), "cv/nl/clips/a.mp3": b"", "cv/nl/clips/b.mp3": b""}
    path = tmp_path / "cv.zip"
    path.write_bytes(pack(files, "zip"))
    speech = datasets.fetch_common_voice(archive=path, data_home=tmp_path)
    assert speech.target.tolist() == ['He said "so.', "Yes."]
    assert speech.groups.tolist() == ['"x', "y"]
    with pytest.raises(ValueError, match=r"one dev\.tsv"):
        datasets.fetch_common_voice(archive=path, subset="dev", data_home=tmp_path)


def test_arabic_speech_commands(tmp_path):
    files = {f"repo/dataset/{word}/{i:08d}_NO_01.wav": sound(400) for word in ("up", "zero") for i in range(3)}
    path = tmp_path / "arabic.zip"
    path.write_bytes(pack(files, "zip"))
    speech = datasets.fetch_arabic_speech_commands(archive=path, data_home=tmp_path)
    assert speech.target_names == ["up", "zero"]
    assert sorted(set(speech.groups)) == ["00000000", "00000001", "00000002"]


@pytest.mark.parametrize(
    ("fetcher", "params", "message"),
    [
        (datasets.fetch_speech_commands, {"version": 3}, "version must be one of"),
        (datasets.fetch_speech_commands, {"task": "10"}, "task must be one of"),
        (datasets.fetch_librispeech, {"subset": "dev"}, "subset must be one of"),
        (datasets.fetch_yesno, {"archive": "nowhere"}, "neither a file nor a folder"),
        (datasets.fetch_spoken_digits, {"archive": "."}, "has no recordings"),
    ],
)
def test_wrong_parameters(tmp_path, monkeypatch, fetcher, params, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        fetcher(data_home=tmp_path, **params)
