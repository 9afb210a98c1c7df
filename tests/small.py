"""Small networks that several tests freeze, export and save."""

from sklspeech import SpeechCNN, SpeechCRNN, SpeechRNN, SpeechTransformer

SMALL = {"epochs": 2, "batch_size": 8, "random_state": 0}
NETWORKS = [
    SpeechCNN(filters=(8, 8), **SMALL),
    SpeechCNN(architecture="broadcasted", filters=(8, 12), **SMALL),
    SpeechRNN(units=8, n_layers=1, **SMALL),
    SpeechCRNN(stem=(4,), units=8, **SMALL),
    # After a few steps its layer normalizations still cancel large means, and float32 is not exact within 1e-5.
    SpeechTransformer(units=8, n_layers=1, **(SMALL | {"epochs": 15})),
]
network = SpeechCNN(filters=(8,), **SMALL)
