"""Three ways to a baseline beside people: simple models, a word list's rules, and the live model."""

from pipeline_code.reviews.baselines.live import LiveModel, score_live
from pipeline_code.reviews.baselines.rules import vader
from pipeline_code.reviews.baselines.simple import STRENGTHS, held_out_probabilities, majority, tfidf

__all__ = [
    "STRENGTHS",
    "LiveModel",
    "held_out_probabilities",
    "majority",
    "score_live",
    "tfidf",
    "vader",
]
