"""
A network of your own
=====================

:class:`~sklspeech.SpeechClassifier` trains whatever Keras network you build, with the augmentation, the early stopping
and the freezing of the others.
"""

# %%
# A function from the shape of a clip and the number of labels to a Keras model; what else it takes can be searched.
from keras import Sequential, layers

from sklspeech import MelFeatures, Pipeline, SpeechClassifier, datasets


def build(input_shape, n_classes, units=32):
    return Sequential(
        [
            layers.Input(input_shape),
            layers.Conv1D(units, 5, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv1D(2 * units, 5, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.GlobalMaxPooling1D(),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


speech = datasets.make_spoken_words(["yes", "no", "stop", "go"], n_speakers=8, n_takes=5, random_state=0)

# %%
from sklearn.model_selection import GridSearchCV, GroupKFold

network = SpeechClassifier(build=build, epochs=20, random_state=0)
search = GridSearchCV(
    Pipeline([MelFeatures(), network]),
    {"speechclassifier__build_params": [{"units": 16}, {"units": 48}]},
    cv=GroupKFold(2),
)
search.fit(speech.data, speech.target, groups=speech.groups)
print(search.best_params_, f"{search.best_score_:.3f}")

# %%
# Two classifiers, and whether the folds are enough to tell them apart.
from sklspeech import SpeechCNN, reports
from sklspeech.display import ComparisonDisplay

candidates = {
    "own": search.best_estimator_,
    "SpeechCNN": Pipeline([MelFeatures(), SpeechCNN(epochs=20, filters=(48,), random_state=0)]),
}
table = reports.compare(candidates, speech.data, speech.target, speech.groups, cv=4)
display = ComparisonDisplay.from_table(table)
print(table[["mean", "std", "worst_speaker", "p_value"]].round(3).to_string())
