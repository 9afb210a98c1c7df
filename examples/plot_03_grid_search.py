"""
Searching front-end and network together
========================================

Parameters of the features and of the network are searched alike, by scikit-learn's own searches.
"""

# %%
from sklearn.model_selection import GridSearchCV, GroupKFold

from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets

speech = datasets.make_spoken_words(["yes", "no", "stop", "go"], n_speakers=6, n_takes=5, random_state=0)
pipeline = Pipeline([MelFeatures(), SpeechCNN(epochs=10, filters=(32,), random_state=0)])
search = GridSearchCV(
    pipeline,
    {"melfeatures__n_mels": [20, 40], "speechcnn__learning_rate": [0.003, 0.01]},
    cv=GroupKFold(3),
)
search.fit(speech.data, speech.target, groups=speech.groups)
print(search.best_params_, round(search.best_score_, 3))

# %%
# Every candidate, its mean and its spread over folds of speakers:
import numpy as np
from matplotlib import pyplot

names = [", ".join(f"{k.split('__')[1]} {v}" for k, v in p.items()) for p in search.cv_results_["params"]]
figure, ax = pyplot.subplots(figsize=(6.4, 2.6), layout="constrained")
ax.errorbar(
    search.cv_results_["mean_test_score"],
    np.arange(len(names)),
    xerr=search.cv_results_["std_test_score"],
    fmt="o",
    color="#0072B2",
)
ax.set_yticks(np.arange(len(names)), names)
ax.set(xlabel="accuracy on speakers never heard", xlim=(0, 1.02))
ax.grid(axis="x", alpha=0.3)
