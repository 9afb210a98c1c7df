"""Tables and pages about recordings and recognizers: what is wrong, and which is better."""

from .audio_check import check_audio
from .comparison import compare
from .dataset import DatasetReport, dataset_report
from .errors import error_report

__all__ = ["DatasetReport", "check_audio", "compare", "dataset_report", "error_report"]
