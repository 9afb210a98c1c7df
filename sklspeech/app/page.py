"""A page in the browser around a model: record or drop a file, see labels or text, the spectrogram, and the words."""

import os

from .._runtime.requirements import require_extra
from ..audio.waveforms import fit_length
from ..features.clips import clip_waveform
from ..features.recordings import to_recording
from .recognition import Recognizer

_RATE = 16_000  # Hertz of the pictures
_WIDTH, _HEIGHT = 8.0, 3.6  # inches
_COLOURS = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"  # that the colour-blind tell apart
_LONGEST = 600.0  # seconds
_LARGEST = "100mb"  # of a file
_SHORTEST = 1600  # samples of a picture


def create_page(model, threshold=None):
    """Make the page.

    Parameters
    ----------
    model : estimator
        A pipeline of labels or sentences, or a `WordSpotter`.
    threshold : float or None, default=None
        Of the hits; None is that of a `WordSpotter`, and 0.8 of another model.

    Returns
    -------
    page : gradio.Blocks

    Raises
    ------
    ModuleNotFoundError
        Gradio is not installed.
    """
    require_extra("the page", "app", "gradio", "matplotlib")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import gradio

    recognizer = Recognizer(model, threshold, max_duration=_LONGEST)

    def recognize(recording):
        """What is shown of a recording, (rate, samples)."""
        if recording is None:
            return None, None, None
        try:
            clip = to_recording(recording, 0, _LONGEST)
            answer, spans = _recognized(recognizer, clip)
        except ValueError as error:
            raise gradio.Error(str(error)) from error
        waveform = clip_waveform(clip, _RATE)
        return (
            answer,
            _picture(waveform, spans),
            [[round(a, 2), round(b, 2), text, round(s, 2)] for a, b, text, s in spans],
        )

    with gradio.Blocks(title="sklspeech", analytics_enabled=False) as page:
        gradio.Markdown("# sklspeech\nRecord, or drop a recording.")
        with gradio.Row():
            with gradio.Column(scale=1):
                recording = gradio.Audio(sources=["upload", "microphone"], type="numpy", label="Recording")
                answer = (
                    gradio.Textbox(label="Text")
                    if recognizer.writes
                    else gradio.Label(label="Label", num_top_classes=5)
                )
            with gradio.Column(scale=2):
                picture = gradio.Plot(show_label=False)
                words = gradio.Dataframe(
                    headers=["start, s", "end, s", "word", "score"], label="Words", interactive=False
                )
        recording.change(recognize, recording, [answer, picture, words])
    return page


def _recognized(recognizer, clip):
    """The text or the probabilities of labels, and spans (start, end, text, score)."""
    found = recognizer.predict_clip(clip)
    if recognizer.writes:
        spans = [(word["start"], word["end"], word["text"], word["confidence"]) for word in found["words"]]
        return found["text"], spans
    hits = recognizer.spotter.detect([clip])[0] if recognizer.spotter is not None else []
    return found["probabilities"], [(hit.start, hit.end, str(hit.label), hit.score) for hit in hits]


def _picture(waveform, spans):
    """The mel spectrogram with the words over it."""
    from matplotlib.figure import Figure

    from ..features.mel import MelFeatures

    padded = fit_length(waveform, max(len(waveform), _SHORTEST))
    (mel,) = MelFeatures(duration=None, sample_rate=_RATE).fit_transform([padded])
    figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    axes = figure.subplots()
    axes.imshow(mel.T, origin="lower", aspect="auto", cmap="magma", extent=(0, len(waveform) / _RATE, 0, mel.shape[1]))
    axes.set(xlabel="seconds", ylabel="mel band")
    colours = {text: _COLOURS[i % len(_COLOURS)] for i, text in enumerate(dict.fromkeys(span[2] for span in spans))}
    for start, end, text, _ in spans:
        axes.axvspan(start, end, facecolor="none", edgecolor=colours[text], linewidth=2)
        axes.text((start + end) / 2, mel.shape[1] * 1.02, text, color=colours[text], ha="center", va="bottom")
    return figure


def run_page(model, host, port, threshold):
    """Show the page until it is stopped.

    Parameters
    ----------
    model : estimator
        See `create_page`.
    host : str
        Address to listen on.
    port : int
        Port to listen on.
    threshold : float or None
        Of the hits; None is that of a `WordSpotter`, and 0.8 of another model.
    """
    create_page(model, threshold).launch(
        server_name=host, server_port=port, share=False, show_error=True, quiet=True, max_file_size="100mb"
    )
