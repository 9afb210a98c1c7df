"""A transcriber but its graph as JSON, written and read without trust."""

import json

from ..errors import ArchiveError
from ..text import Decoder
from .transcriber import FrozenTranscriber

_MAX_FRAMES_PER_STEP = 64
_NORMALIZE = "words", "unicode", None


def write_transcriber(transcriber):
    """A transcriber but its graph as JSON.

    Parameters
    ----------
    transcriber : FrozenTranscriber

    Returns
    -------
    content : bytes

    Raises
    ------
    ValueError
        Its `normalize` is a function of the user's.
    """
    if transcriber.normalize not in _NORMALIZE:
        raise ValueError(
            f"save has no place for normalize={transcriber.normalize!r}: use one of {_NORMALIZE}, or joblib"
        )
    content = {
        "normalize": transcriber.normalize,
        "frames_per_step": transcriber.frames_per_step,
        "decoder": transcriber.decoder.to_dict(),
    }
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


def read_transcriber(content, graph, labels):
    """Read what `write_transcriber` gives.

    Parameters
    ----------
    content : bytes
    graph : OnnxBytes
    labels : list of str
        Symbols of the manifest.

    Returns
    -------
    transcriber : FrozenTranscriber

    Raises
    ------
    ArchiveError
        It is none.
    """
    try:
        found = json.loads(content)
        if not isinstance(found, dict) or found.keys() != {"normalize", "frames_per_step", "decoder"}:
            raise ValueError("it must have normalize, frames_per_step and decoder")
        decoder = Decoder.from_dict(found["decoder"])
        for sentence in (*(decoder.grammar or ()), *(decoder.vocabulary or ())):
            decoder.symbols.encode(sentence)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"decoder.json cannot be used: {error}") from error
    per_step, normalize = found["frames_per_step"], found["normalize"]
    if type(per_step) is not int or not 1 <= per_step <= _MAX_FRAMES_PER_STEP:
        raise ArchiveError(f"frames_per_step must be from 1 to {_MAX_FRAMES_PER_STEP}")
    if normalize not in _NORMALIZE:
        raise ArchiveError("normalize of decoder.json is none that can be")
    if list(decoder.symbols.symbols) != labels:
        raise ArchiveError("symbols of decoder.json are not the labels of the manifest")
    return FrozenTranscriber(graph=graph, decoder=decoder, normalize=normalize, frames_per_step=per_step)
