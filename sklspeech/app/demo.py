"""The command demo: from nothing to a trained model and its accuracy, without a recording."""

import tempfile
from pathlib import Path

from .console import load_model, start_tensorflow
from .training import fit, save


def demo(args):
    """Train on embedded synthetic speech, and test on speakers who were never heard.

    Parameters
    ----------
    args : argparse.Namespace

    Returns
    -------
    code : int
    """
    from sklearn.metrics import accuracy_score

    from ..datasets import make_spoken_words

    if args.text:
        return _demo_of_sentences(args)
    with tempfile.TemporaryDirectory(prefix="sklspeech-") as folder:
        print("making speech: ten digits by 20 speakers who do not exist ...", flush=True)
        speech = make_spoken_words(n_speakers=20, n_takes=5, folder=folder, random_state=args.seed)
        heard = speech.groups < "s15"
        print(f"training on {heard.sum()} recordings of 15 speakers ...", flush=True)
        pipeline = _pipeline("SpeechCNN", {}, epochs=20, random_state=args.seed)
        fit(pipeline, speech.data[heard], speech.target[heard])
        predicted = pipeline.predict(speech.data[~heard])
        accuracy = accuracy_score(speech.target[~heard], predicted)
        print(f"accuracy on {(~heard).sum()} recordings of 5 speakers never heard: {100 * accuracy:.1f} %")
        path = Path(folder) / "model.joblib"
        save(pipeline, path)
        clips = speech.data[~heard][:50:10]  # every other word of the first of them
        for clip, label in zip(clips, load_model(path).predict(clips), strict=True):
            print(f"loaded again: {Path(clip).parent.name}/{Path(clip).name} is heard as {label}")
    return 0


def _demo_of_sentences(args):
    from ..datasets import make_spoken_sentences
    from ..metrics import edit_alignment, word_error_rate

    with tempfile.TemporaryDirectory(prefix="sklspeech-") as folder:
        print("making speech: strings of digits by 20 speakers who do not exist ...", flush=True)
        speech = make_spoken_sentences(n_speakers=20, n_takes=20, folder=folder, random_state=args.seed)
        known = speech.groups < "s15"
        print(f"training on {known.sum()} recordings of 15 speakers ...", flush=True)
        pipeline = _pipeline("SpeechTranscriber", {"duration": None}, epochs=20, width=128, random_state=args.seed)
        fit(pipeline, speech.data[known], speech.target[known])
        heard = pipeline.predict(speech.data[~known])
        rate = word_error_rate(speech.target[~known], heard)
        print(f"word errors in {(~known).sum()} recordings of 5 speakers never heard: {100 * rate:.1f} %")
        path = Path(folder) / "model.joblib"
        save(pipeline, path)
        clips, said = speech.data[~known][:3], speech.target[~known][:3]
        for clip, text, found in zip(clips, said, load_model(path).predict(clips), strict=True):
            print(f"loaded again: {Path(clip).name}\n{edit_alignment(text, found)}")
    return 0


def _pipeline(network, features, **params):
    import sklspeech

    start_tensorflow()
    return sklspeech.Pipeline([sklspeech.MelFeatures(n_jobs=-1, **features), getattr(sklspeech, network)(**params)])
