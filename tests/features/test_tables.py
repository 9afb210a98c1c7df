"""Tables keep the index of what they were given, and the names of their columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, make_pipeline

from sklspeech import AudioLoader, FrameStatistics, MelFeatures, MFCCFeatures, Pipeline

MAKERS = {
    "mel": lambda: make_pipeline(MelFeatures(n_mels=3, duration=0.5), FrameStatistics(["mean"])),
    "mfcc, ragged": lambda: make_pipeline(MFCCFeatures(n_mfcc=2, duration=None), FrameStatistics()),
    "loader before": lambda: make_pipeline(AudioLoader(), MelFeatures(n_mels=3, duration=0.5), FrameStatistics()),
    "loader, one length": lambda: make_pipeline(AudioLoader(duration=0.5), MelFeatures(n_mels=3), FrameStatistics()),
    "our pipeline": lambda: Pipeline([MelFeatures(n_mels=3, duration=0.5), FrameStatistics(["min", "max"])]),
    "union": lambda: FeatureUnion([("a", MAKERS["mel"]()), ("b", MAKERS["mfcc, ragged"]())]),
}
ORDERS = {
    "shuffled": lambda table: table.sample(frac=1, random_state=0),
    "half": lambda table: table.iloc[::2],
    "text": lambda table: table.set_index("name"),
    "repeated": lambda table: table.set_index(np.arange(len(table)) // 2),
}


@pytest.fixture(scope="module")
def table(words):
    names = [f"clip {i}" for i in range(12)]
    return pd.DataFrame({"path": words.data[:12], "row": np.arange(12.0), "name": names}, index=np.arange(100, 112))


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("column", ["path", ["path"]])
def test_rows_stay_with_their_clips(table, maker, order, column):
    table = ORDERS[order](table)
    transformers = [("audio", MAKERS[maker](), column), ("rest", "passthrough", ["row"])]
    expected = ColumnTransformer(transformers).fit(table).transform(table)
    both = clone(ColumnTransformer(transformers).set_output(transform="pandas")).fit(table)
    found = both.transform(table)
    np.testing.assert_array_equal(found.to_numpy(), expected)
    pd.testing.assert_index_equal(found.index, table.index)
    assert found.columns.tolist() == both.get_feature_names_out().tolist()
    pd.testing.assert_index_equal(both.transform(table.iloc[:3]).index, table.index[:3])


@pytest.mark.parametrize("maker", MAKERS)
def test_names_where_the_whole_process_wants_tables(table, maker):
    with config_context(transform_output="pandas"):
        pipeline = MAKERS[maker]()
        found = pipeline.fit_transform(table["path"])
    assert found.columns.tolist() == pipeline.get_feature_names_out().tolist()
    pd.testing.assert_index_equal(found.index, table.index)


@pytest.mark.parametrize("X", [list, np.array], ids=["list", "array"])
def test_what_has_no_index_gets_the_usual_one(table, X):
    found = MAKERS["mel"]().set_output(transform="pandas").fit_transform(X(table["path"].tolist()))
    pd.testing.assert_index_equal(found.index, pd.RangeIndex(12))


@pytest.mark.parametrize("column", ["path", ["path"]])
def test_rows_stay_with_their_clips_from_a_memory(table, tmp_path, column):
    table = ORDERS["shuffled"](table)
    audio = Pipeline([MelFeatures(n_mels=3, duration=0.5), FrameStatistics()], memory=str(tmp_path))
    transformers = [("audio", audio, column), ("rest", "passthrough", ["row"])]
    expected = ColumnTransformer(transformers).fit_transform(table)
    for _ in range(3):
        found = ColumnTransformer(transformers).set_output(transform="pandas").fit_transform(table)
        np.testing.assert_array_equal(found.to_numpy(), expected)
        pd.testing.assert_index_equal(found.index, table.index)


def test_nobody_else_gets_another_type(table):
    assert type(MelFeatures(duration=0.5).fit_transform(table["path"])) is np.ndarray
    assert type(MelFeatures(duration=None).fit_transform(table["path"])) is list
    rows = MelFeatures(duration=0.5).set_output(transform="pandas").fit_transform(table["path"])
    assert rows.table_index is not None
    assert rows[:3].table_index is None  # those would be of other rows
    assert (rows + 1).table_index is None
