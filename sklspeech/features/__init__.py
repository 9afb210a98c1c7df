"""Clips become arrays: transformers of scikit-learn."""
