"""What all commands share: models from files, and text that a terminal may see."""

import json
import os
import sys
from pathlib import Path

from .._runtime.once import kind_of
from .._runtime.progress import beside_progress
from .._runtime.quiet import quiet_tensorflow

_said: set = set()  # kinds of warnings
_PREDICTS = "predict_proba", "predict_words", "detect"


def show_warning(message, category, filename, lineno, file=None, line=None):
    """Print a warning as one line, as `warnings.showwarning` is called; once a kind, and beside a progress bar."""
    if kind_of(message) in _said:
        return
    _said.add(kind_of(message))
    with beside_progress():
        print(f"sklspeech: warning: {shown(message, keep=chr(10))}", file=sys.stderr)


def forget_warnings():
    """Begin anew: every kind of warning may be said again."""
    _said.clear()


def shown(text, keep=""):
    """A text from a file as a terminal may see it: control characters would move its cursor, or worse.

    Parameters
    ----------
    text : object
        What is shown.
    keep : str, default=""
        Characters that may stay.

    Returns
    -------
    text : str
    """
    return "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in str(text))


def print_json(found):
    """Print an object as a line of JSON.

    Parameters
    ----------
    found : dict
    """
    # JSON escapes what is below a blank, not all that a terminal obeys; the escapes are JSON's as well.
    text = json.dumps(found, ensure_ascii=False)
    print("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text), flush=True)


def load_model(path):
    """A model from an archive, or from a pickle, which may need TensorFlow.

    Parameters
    ----------
    path : Path

    Returns
    -------
    model : estimator
    """
    from ..frozen.archive import load

    return load(path) if is_archive(path) else load_pickle(path)


def is_archive(path):
    """Whether to read a file as an archive: by its name as well, so that no pickle is run that calls itself one.

    Parameters
    ----------
    path : Path

    Returns
    -------
    is_archive : bool
    """
    from ..frozen.container import is_archive as holds_archive

    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    return path.suffix.lower() == ".sklspeech" or holds_archive(path)


def load_pickle(path):
    """A model from a pickle, which is announced.

    Parameters
    ----------
    path : Path

    Returns
    -------
    model : estimator
    """
    import joblib

    print(f"{shown(path)} is a pickle: loading it runs what is in it", file=sys.stderr, flush=True)
    try:
        with quiet_tensorflow():
            model = joblib.load(path)
    except Exception as error:  # whatever a file that is no pickle, or one of other versions, makes of the loader
        raise ValueError(f"{path} cannot be loaded as a model ({type(error).__name__}: {error})") from error
    if not any(hasattr(model, method) for method in _PREDICTS):
        raise ValueError(f"{path} holds {type(model).__name__}, expected a trained pipeline")
    return model


def load_folder(args, target, file=None):
    """The recordings under the folder that was named.

    Parameters
    ----------
    args : argparse.Namespace
        With root, pattern, manifest and split; and skip, whether to leave out what cannot be read.
    target : {"auto", "label", "text"}
    file : file object or None, default=None
        Where to say what there is; None is the standard output.

    Returns
    -------
    speech : Bunch
    """
    from ..datasets import load_speech_folder

    speech = load_speech_folder(
        args.root,
        pattern=args.pattern,
        manifest=args.manifest,
        split=args.split,
        target=target,
        on_error="skip" if getattr(args, "skip", False) else "raise",
    )
    print(shown(speech.DESCR), file=file)
    return speech


def list_recordings(names):
    """Files that were named, and the recordings of folders that were.

    Parameters
    ----------
    names : list of str

    Returns
    -------
    paths : list of str
    """
    from ..audio.folders import list_folder

    paths = []
    for name in names:
        if os.path.isdir(name):
            found = [str(Path(name, path)) for path in list_folder(name).recordings]
            if not found:
                raise ValueError(f"there is no recording in {name}")
            paths += found
        else:
            paths.append(name)
    return paths


def start_tensorflow():
    """Import the networks now: devices are not looked for in the middle of a progress bar."""
    with quiet_tensorflow():
        import keras

        keras.ops.zeros(1)
