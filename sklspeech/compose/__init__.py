"""Estimators made of estimators."""
