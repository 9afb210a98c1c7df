"""
Sentences, and when each word is said
=====================================

:class:`~sklspeech.SpeechTranscriber` learns from recordings and their sentences, and writes down others.
"""

# %%
import numpy as np

from sklspeech import MelFeatures, Pipeline, SpeechTranscriber, datasets, metrics

speech = datasets.make_spoken_sentences(["yes", "no", "stop", "go"], n_speakers=8, n_takes=12, random_state=0)
known = np.flatnonzero(speech.groups < "s06")
tested = np.flatnonzero(speech.groups >= "s06")
network = SpeechTranscriber(width=96, n_layers=3, epochs=40, random_state=0)
pipeline = Pipeline([MelFeatures(duration=None), network])
pipeline.fit([speech.data[i] for i in known], speech.target[known])

# %%
clips, said = [speech.data[i] for i in tested], speech.target[tested]
heard = pipeline.predict(clips)
print(f"word error rate on two speakers never heard: {metrics.word_error_rate(said, heard):.3f}")
print(metrics.edit_alignment(said[0], heard[0]))

# %%
# A language model, learned from the sentences of training, and the words of them as a vocabulary.
pipeline.set_params(speechtranscriber__decoder="beam", speechtranscriber__vocabulary="train")
print(f"with a vocabulary: {metrics.word_error_rate(said, pipeline.predict(clips)):.3f}")

# %%
# Where the words are: the symbols that the network hears, and the times that follow.
from sklspeech.display import AlignmentDisplay

display = AlignmentDisplay.from_estimator(pipeline, clips[0])
for word in pipeline.predict_words(clips[:1])[0]:
    print(f"{word.start:.2f} to {word.end:.2f} s: {word.text} ({word.confidence:.2f})")
