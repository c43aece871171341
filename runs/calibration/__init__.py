"""Calibration: the client against transcripts that experts have coded.

`corpus` reads the transcripts, `tables` counts them, `replay` lets simulated clients hear the same
therapist codes, `fit` moves the coefficients until the tables agree, `report` prints both side by
side. Only numbers leave this package; no sentence of a corpus is kept or written.
"""
