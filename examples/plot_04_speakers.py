"""
Leave one speaker out
=====================

A recognizer is for people whom it has never heard. Folds of clips mix speakers, and promise too much; folds of speakers
do not. What a search has chosen is judged by an outer loop of speakers, too.
"""

# %%
import os
from pathlib import Path

from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict, cross_val_score

from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets

if "SKLSPEECH_DATA" in os.environ:
    speech = datasets.load_speech_folder(Path(os.environ["SKLSPEECH_DATA"], "fsdd"))
    speech.data, speech.target, speech.groups = speech.data[::4], speech.target[::4], speech.groups[::4]
else:
    speech = datasets.make_spoken_words(["yes", "no", "stop", "go"], n_speakers=6, n_takes=6, random_state=0)
pipeline = Pipeline([MelFeatures(sample_rate=8000), SpeechCNN(epochs=12, filters=(48,), random_state=0)])
mixed = cross_val_score(pipeline, speech.data, speech.target, cv=3)
predicted = cross_val_predict(pipeline, speech.data, speech.target, groups=speech.groups, cv=LeaveOneGroupOut())
print(f"folds of clips: {mixed.mean():.3f}; folds of speakers: {(predicted == speech.target).mean():.3f}")

# %%
from sklspeech.display import SpeakerScoreDisplay

display = SpeakerScoreDisplay.from_predictions(speech.target, predicted, speech.groups)

# %%
# Would more speakers help? The curve says so while it rises.
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sklspeech import FrameStatistics
from sklspeech.display import SpeakerLearningCurveDisplay

steps = [MelFeatures(sample_rate=8000), FrameStatistics(), StandardScaler(), LogisticRegression(max_iter=2000)]
plain = Pipeline(steps)
display = SpeakerLearningCurveDisplay.from_estimator(
    plain, speech.data, speech.target, speech.groups, n_splits=5, random_state=0
)

# %%
# A nested search: speakers of the inner folds choose the parameter, speakers of the outer folds judge the choice.
from sklearn import set_config
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate

set_config(enable_metadata_routing=True)
by_speaker = GroupKFold(3).set_split_request(groups=True)
search = GridSearchCV(plain, {"logisticregression__C": [0.01, 1.0]}, cv=by_speaker)
found = cross_validate(search, speech.data, speech.target, cv=by_speaker, params={"groups": speech.groups})
set_config(enable_metadata_routing=False)
print(f"nested: {found['test_score'].mean():.3f}")
