"""What people write today, where a pickle finds it: a loop over librosa, and scikeras around a Keras network."""

import librosa
import numpy as np
from scikeras.wrappers import KerasClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklspeech.networks import encoders as networks  # here, so that a pickle finds the layers of our own


def librosa_loop(clips, n_mels=40):
    """Mel features of paths or waveforms."""
    rows = []
    for clip in clips:
        audio = librosa.load(clip, sr=16000)[0] if isinstance(clip, str) else clip
        audio = librosa.util.fix_length(audio, size=16000)
        mel = librosa.feature.melspectrogram(y=audio, sr=16000, n_fft=400, hop_length=160, n_mels=n_mels)
        rows.append(librosa.power_to_db(mel).T)
    return np.stack(rows)


def build(meta):
    """SpeechCNN's network."""
    return networks.classifier(meta["X_shape_"][1:], meta["n_classes_"])


def pipeline():
    """From paths to labels."""
    network = KerasClassifier(
        build, loss="sparse_categorical_crossentropy", optimizer="adam", epochs=1, verbose=0, random_state=0
    )
    return make_pipeline(FunctionTransformer(librosa_loop), network)
