"""save and load: a round trip, and files made by hand to hurt."""

import io
import pickle
import zipfile

import numpy as np
import onnx
import pytest
from archives import contents, with_manifest, write

from sklspeech import ArchiveError, FrameStatistics, MelFeatures, MFCCFeatures, Pipeline, SpeechCNN, freeze, save
from sklspeech import load as load_archive
from sklspeech.frozen import archive, container
from sklspeech.frozen.graph_check import check_graph


@pytest.fixture(scope="module")
def frozen(words):
    network = SpeechCNN(filters=(8,), epochs=2, batch_size=8, random_state=0)
    features = MelFeatures(preemphasis=0.0, window=("kaiser", 8.0), ref=np.max)
    return freeze(Pipeline([features, network]).fit(words.data, words.target))


@pytest.fixture(scope="module")
def good(frozen, tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "model.sklspeech"
    save(frozen, path)
    return path


def test_round_trip(frozen, good, words):
    loaded = load_archive(good)
    np.testing.assert_array_equal(loaded.predict_proba(words.data), frozen.predict_proba(words.data))
    assert loaded[0].get_params() == frozen[0].get_params()
    assert loaded.classes_.tolist() == ["no", "stop", "yes"]
    assert list(loaded.named_steps) == list(frozen.named_steps)


def test_numbers_and_other_names(words, tmp_path):
    y = np.unique(words.target, return_inverse=True)[1]
    cepstra = MFCCFeatures(duration=np.float32(0.5), deltas=1)
    pipeline = Pipeline([("cepstra", cepstra), ("net", SpeechCNN(filters=(8,), epochs=1))])
    frozen = freeze(pipeline.fit(words.data, y))
    save(frozen, tmp_path / "m.sklspeech")
    loaded = load_archive(tmp_path / "m.sklspeech")
    assert loaded.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(loaded.predict_proba(words.data), frozen.predict_proba(words.data))


def test_labels_that_are_no_utf8(words, tmp_path):
    y = np.where(words.target == "no", "\udcff", words.target)  # as os.fsdecode makes of a folder's name
    pipeline = Pipeline([MelFeatures(), SpeechCNN(filters=(8,), epochs=1)]).fit(words.data, y)
    save(freeze(pipeline), tmp_path / "m.sklspeech")
    assert load_archive(tmp_path / "m.sklspeech").classes_.tolist() == ["stop", "yes", "\udcff"]


def test_what_is_wrong_while_saving_names_the_file(frozen, tmp_path, monkeypatch):
    monkeypatch.setitem(container.MAX_BYTES, "network.onnx", 10)
    with pytest.raises(ArchiveError, match=r"^\S*/m\.sklspeech: network\.onnx has more than 10 bytes"):
        save(frozen, tmp_path / "m.sklspeech")
    assert not list(tmp_path.iterdir())


def test_manifest_says_what_it_is(good):
    manifest = archive.read_manifest(good)
    assert manifest["labels"] == ["no", "stop", "yes"]
    assert manifest["sample_rate"] == 16000
    assert set(manifest["versions"]) == {"sklspeech", "python", "numpy", "scipy", "sklearn", "onnxruntime"}


LOAD = """
import sklspeech
print(*sklspeech.load(sys.argv[1]).predict(sys.argv[2:]))
assert "pickle" not in vars(sklspeech.frozen.archive)
"""


def test_loads_where_training_is_not_installed(run_without_training, good, frozen, words):
    out = run_without_training(LOAD, good, *words.data[:3])
    assert out.split() == frozen.predict(words.data[:3]).tolist()


QUIET = """
import os, sklspeech
sklspeech.load(sys.argv[1]).predict(sys.argv[2:])
tasks = "/proc/self/task"
print(os.environ["ORT_DISABLE_TELEMETRY"], len(os.listdir(tasks)) if os.path.isdir(tasks) else 1)
"""


@pytest.mark.parametrize("given", [None, "1", "0"])
def test_production_reports_to_nobody(run_without_training, good, words, tmp_path, monkeypatch, given):
    """ONNX Runtime would write an id below the user's folder, and start a thread."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    if given is None:
        monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    else:
        monkeypatch.setenv("ORT_DISABLE_TELEMETRY", given)
    out = run_without_training(QUIET, good, words.data[0])
    assert out.split()[0] == (given or "1")
    if given != "0":
        assert not list(tmp_path.rglob("*"))
        assert out.split()[1] == "1"


NO_KERAS = """
import sklspeech
try:
    sklspeech.SpeechCNN
except ModuleNotFoundError as error:
    print(error)
"""


def test_a_slim_installation_says_what_it_lacks(run_without_training):
    out = run_without_training(NO_KERAS)
    assert out.startswith("networks are trained with keras and scikeras, which this installation lacks: pip install")


def test_what_cannot_be_saved(words, frozen, tmp_path):
    fitted = Pipeline([MelFeatures(), SpeechCNN(filters=(8,), epochs=1)]).fit(words.data, words.target)
    with pytest.raises(ValueError, match="freeze it first"):
        save(fitted, tmp_path / "m.sklspeech")
    with pytest.raises(ValueError, match=r"got \['MelFeatures', 'FrameStatistics'\]"):
        save(Pipeline([MelFeatures(), FrameStatistics()]), tmp_path / "m.sklspeech")
    odd = pickle.loads(pickle.dumps(frozen)).set_params(melfeatures__ref=np.median)
    with pytest.raises(ValueError, match=r"expected a number or numpy\.max"):
        save(odd, tmp_path / "m.sklspeech")
    assert not list(tmp_path.iterdir())


# Files made by hand


def features_param(name, value):
    return with_manifest(lambda m: m["steps"][0]["params"].update({name: value}))


def npy(array, allow_pickle=False):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def swapped_everywhere(parts):
    """Labels swapped in manifest and graph alike are another model; rows of the last layer swapped are found out."""
    model = onnx.load_from_string(parts["network.onnx"])
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.shape == (8, 3):
            tensor.CopyFrom(onnx.numpy_helper.from_array(values[:, ::-1].copy(), tensor.name))
    return parts | {"network.onnx": model.SerializeToString()}


def external(parts):
    model = onnx.load_from_string(parts["network.onnx"])
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return parts | {"network.onnx": model.SerializeToString()}


def operator(parts, name="Xor", domain=""):
    model = onnx.load_from_string(parts["network.onnx"])
    model.graph.node.append(onnx.helper.make_node(name, ["features"], ["evil"], domain=domain))
    return parts | {"network.onnx": model.SerializeToString()}


def number_as_operator(parts):
    """In a node of a graph: field 4, of type varint, 2 ** 62."""
    node = bytes([4 << 3]) + b"\x80" * 8 + b"\x40"
    graph = bytes([1 << 3 | 2, len(node)]) + node
    return parts | {"network.onnx": bytes([7 << 3 | 2, len(graph)]) + graph}


def function(parts):
    model = onnx.load_from_string(parts["network.onnx"])
    model.functions.append(onnx.FunctionProto(name="evil"))
    return parts | {"network.onnx": model.SerializeToString()}


def huge_array():
    return npy(np.zeros(5, np.float32)).replace(b"(5,), }", b"(35184372088832,), }").replace(b" " * 14 + b"\n", b"\n")


def broken_array():
    return npy(np.zeros(5, np.float32)).replace(b"'shape': (5,), }", b"'shape': (5,)   ")


class Bomb:
    def __reduce__(self):
        return (print, ("code was run",))


HURTFUL = {
    "path traversal": (lambda p: p | {"../evil.py": b"x"}, "holds"),
    "missing": (lambda p: {k: v for k, v in p.items() if k != "output.npy"}, "holds"),
    "other format": (with_manifest(lambda m: m.update(format="keras")), "format 'keras'"),
    "other version": (with_manifest(lambda m: m.update(format_version=2)), "format version 2, this sklspeech"),
    "no JSON": (lambda p: p | {"manifest.json": b"{"}, "no JSON"),
    "deep JSON": (lambda p: p | {"manifest.json": b"[" * 200_000}, "no JSON"),
    "a list": (lambda p: p | {"manifest.json": b"[]"}, "must be dict, got list"),
    "labels of another type": (with_manifest(lambda m: m.update(labels="no")), "labels must be list"),
    "labels of mixed types": (with_manifest(lambda m: m.update(labels=["a", 1, "b"])), "labels must be one or more"),
    "no labels": (with_manifest(lambda m: m.update(labels=[])), "labels must be one or more"),
    "a long label": (
        with_manifest(lambda m: m["labels"].__setitem__(0, "x" * 201)),
        "200 characters or fewer, got 201",
    ),
    "something around": (with_manifest(lambda m: m.update(around=5)), "around must be dict"),
    "labels twice": (with_manifest(lambda m: m.update(labels=["a", "a", "b"])), "labels must differ"),
    "labels swapped": (with_manifest(lambda m: m["labels"].reverse()), "those of network.onnx"),
    "weights swapped": (swapped_everywhere, "other probabilities than when it was saved"),
    "sample rate": (with_manifest(lambda m: m.update(sample_rate=8000)), "sample_rate is 8000"),
    "another class": (with_manifest(lambda m: m["steps"][0].update({"class": "os.system"})), "has steps"),
    "steps of another type": (with_manifest(lambda m: m.update(steps=[1, 2])), "a step must be dict"),
    "unknown parameter": (features_param("evil", 1), "missing or unknown: .'evil'"),
    "parameter of another type": (features_param("n_fft", "400"), "'n_fft' parameter"),
    "parameter out of range": (features_param("hop_length", 0), "'hop_length' parameter"),
    "huge parameter": (features_param("n_fft", 2**50), "n_fft=1125899906842624 is too large, expected 65536"),
    "many filters": (features_param("n_mels", 2**25), "too large"),
    "threads": (features_param("n_jobs", 10**6), "missing or unknown: .'n_jobs'"),
    "no parameters": (with_manifest(lambda m: m["steps"][0].update(params={})), "missing or unknown"),
    "names twice": (with_manifest(lambda m: m["steps"][0].update(name="speechcnn")), "must differ"),
    "callable": (features_param("ref", {"callable": "os.system"}), "none that can be"),
    "fitted of another type": (
        with_manifest(lambda m: m["steps"][0]["fitted"].update(n_samples_="1")),
        "do not fit duration",
    ),
    "fitted that is no number": (
        with_manifest(lambda m: m["steps"][0]["fitted"].update(n_samples_=[1])),
        "do not fit duration",
    ),
    "fitted in part": (
        with_manifest(lambda m: m["steps"][0]["fitted"].update(n_samples_=None)),
        "do not fit duration",
    ),
    "a number as an operator": (number_as_operator, "op_type of a node of wire type 0"),
    "fitted of another length": (
        with_manifest(lambda m: m["steps"][0]["fitted"].update(n_samples_=160)),
        "do not fit duration",
    ),
    "threads of the network": (with_manifest(lambda m: m["steps"][1]["params"].update(n_jobs=9)), "no parameters"),
    "no graph": (lambda p: p | {"network.onnx": b"graph"}, "network.onnx is no ONNX graph"),
    "empty graph": (lambda p: p | {"network.onnx": b""}, "network.onnx cannot be loaded"),
    "truncated graph": (lambda p: p | {"network.onnx": p["network.onnx"][:5000]}, "network.onnx is truncated"),
    "weights in other files": (external, "field 1[34] in a tensor"),
    "another operator": (operator, "no network of ours has: 'Xor'"),
    "an operator of another library": (lambda p: operator(p, "Add", "evil"), "another domain, 'evil'"),
    "an operator in a function": (function, "field 25 in a model"),
    "pickle in an array": (lambda p: p | {"input.npy": npy(np.array([Bomb()]), True)}, "no array of shape"),
    "pickle": (lambda p: p | {"input.npy": pickle.dumps(Bomb())}, "no array of shape"),
    "array of another type": (lambda p: p | {"output.npy": npy(np.zeros(3))}, "no array of shape"),
    "array of another shape": (lambda p: p | {"input.npy": npy(np.zeros(5, np.float32))}, "no array of shape"),
    "a huge array": (lambda p: p | {"input.npy": huge_array()}, "no array of shape"),
    "a broken array": (lambda p: p | {"input.npy": broken_array()}, "no array of shape"),
    "NaN": (lambda p: p | {"output.npy": npy(np.full(3, np.nan, np.float32))}, "by nan"),
    "zip bomb": (lambda p: p | {"output.npy": bytes(2**21)}, "more than"),
}


@pytest.mark.parametrize("name", HURTFUL)
def test_a_file_made_to_hurt(good, name, tmp_path, capsys):
    make, message = HURTFUL[name]
    path = write(tmp_path / "evil.sklspeech", make(contents(good)))
    with pytest.raises(ArchiveError, match=message) as error:
        load_archive(path)
    assert "evil.sklspeech" in str(error.value)
    assert "code was run" not in capsys.readouterr().out


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated(good, share, tmp_path):
    path = tmp_path / "short.sklspeech"
    path.write_bytes(good.read_bytes()[: int(share * good.stat().st_size)])
    with pytest.raises(ArchiveError, match="damaged, truncated or no archive"):
        load_archive(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression(good, method, tmp_path):
    """Their decompressors take what they please."""
    with zipfile.ZipFile(tmp_path / "evil.sklspeech", "w", method) as file:
        for name, content in contents(good).items():
            file.writestr(name, content if name != "output.npy" else bytes(2**24))
    with pytest.raises(ArchiveError, match="another method than deflate"):
        load_archive(tmp_path / "evil.sklspeech")


def test_weights_in_an_attribute_of_another_file(good):
    """A tensor may also stand in an attribute of a node in a graph in a node."""
    tensor = onnx.TensorProto(name="evil", data_location=onnx.TensorProto.EXTERNAL)
    constant = onnx.helper.make_node("Identity", [], ["x"], value=tensor)
    inner = onnx.helper.make_graph([constant], "inner", [], [])
    outer = onnx.helper.make_graph([onnx.helper.make_node("Loop", [], ["y"], body=inner)], "outer", [], [])
    with pytest.raises(ArchiveError, match="field 14 in a tensor"):
        check_graph(onnx.helper.make_model(outer).SerializeToString())
    for _ in range(5):
        outer = onnx.helper.make_graph([onnx.helper.make_node("Loop", [], ["y"], body=outer)], "outer", [], [])
    with pytest.raises(ArchiveError, match="graphs in graphs"):
        check_graph(onnx.helper.make_model(outer).SerializeToString())


def test_flipped_bits(good, tmp_path):
    data = bytearray(good.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "flipped.sklspeech"
    path.write_bytes(data)
    with pytest.raises(ArchiveError):
        load_archive(path)


VALUES = {  # of the manifest: what is refused though a reader could take it
    "a name twice": lambda text: text.replace('"created"', '"labels": [], "created"', 1),
    "NaN": lambda text: text.replace('"amin": 1e-10', '"amin": NaN'),
    "infinite": lambda text: text.replace('"amin": 1e-10', '"amin": 1e999'),
    "true for a number": lambda text: text.replace('"n_mels": 40', '"n_mels": true'),
    "a number for true": lambda text: text.replace('"center": true', '"center": 1'),
    "an unknown key": lambda text: text.replace('"created"', '"more": 1, "created"', 1),
    "version 1.0": lambda text: text.replace('"format_version": 1', '"format_version": true'),
    "a version that is none": lambda text: text.replace('"versions": {', '"versions": {"x": 1, '),
    "a long version": lambda text: text.replace('"versions": {', '"versions": {"x": "' + "x" * 5000 + '", '),
    "duration": lambda text: text.replace('"duration_": 0', '"duration_": 9'),
    "a fraction": lambda text: text.replace('"n_mels": 40', '"n_mels": 40.0'),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_of_the_manifest(good, name, tmp_path):
    parts = contents(good)
    text = parts["manifest.json"].decode()
    changed = VALUES[name](text)
    assert changed != text
    path = write(tmp_path / "evil.sklspeech", parts | {"manifest.json": changed.encode()})
    with pytest.raises(ArchiveError) as error:
        load_archive(path)
    assert len(str(error.value)) < 500


PARAMS = {
    "top_db": 40.0,
    "amin": 1e-7,
    "preemphasis": 0.5,
    "power": 1.0,
    "fmin": 300.0,
    "htk": True,
    "norm": None,
    "window": "hamming",
    "pad_mode": "edge",
    "win_length": 200,
    "normalization": "feature",
}


@pytest.fixture(scope="module", params=[70.0, None], ids=["floor", "no floor"])
def saved(request, words, tmp_path_factory):
    """What is in an archive of features with a floor, and without."""
    pipeline = Pipeline([MelFeatures(top_db=request.param), SpeechCNN(filters=(8,), epochs=8, random_state=0)])
    path = tmp_path_factory.mktemp("saved") / "good.sklspeech"
    save(freeze(pipeline.fit(words.data, words.target)), path)
    return contents(path)


@pytest.mark.parametrize("name", PARAMS)
def test_no_parameter_can_be_swapped(saved, tmp_path, name):
    """Silence, level and floor are in the golden input."""
    path = write(tmp_path / "evil.sklspeech", features_param(name, PARAMS[name])(saved))
    with pytest.raises(ArchiveError, match="other probabilities"):
        load_archive(path)


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_weight_that_was_damaged(good, place, tmp_path):
    parts = contents(good)
    graph = bytearray(parts["network.onnx"])
    graph[int(place * len(graph))] ^= 1
    with zipfile.ZipFile(tmp_path / "damaged.sklspeech", "w") as file:
        for name, content in (parts | {"network.onnx": bytes(graph)}).items():
            file.writestr(name, content)
    with pytest.raises(ArchiveError, match="damaged, or not the one that was saved"):
        load_archive(tmp_path / "damaged.sklspeech")


AROUND = {
    "bytes before": lambda content: b"MZ" + content,
    "a pickle before": lambda content: pickle.dumps(Bomb()) + content,
    "bytes behind": lambda content: content + b"more",
    "another archive before": lambda content: content + content,
    "a comment": lambda content: content[:-2] + b"\4\0abcd",
}


@pytest.mark.parametrize("name", AROUND)
def test_a_file_that_is_another_one_as_well(good, name, tmp_path):
    path = tmp_path / "evil.sklspeech"
    path.write_bytes(AROUND[name](good.read_bytes()))
    with pytest.raises(ArchiveError):
        load_archive(path)


@pytest.mark.parametrize("name", ["manifest.json", "network.onnx", "input.npy", "output.npy"])
def test_what_is_much_larger_than_its_file(good, name, tmp_path):
    path = write(tmp_path / "bomb.sklspeech", contents(good) | {name: bytes(2**26)})
    with pytest.raises(ArchiveError, match="has more than"):
        load_archive(path)


def test_no_archive(tmp_path):
    path = tmp_path / "model.sklspeech"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ArchiveError, match="looks like a pickle"):
        load_archive(path)
    with pytest.raises(FileNotFoundError):
        load_archive(tmp_path / "nowhere.sklspeech")
