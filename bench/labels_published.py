"""What an earlier analysis of the four collections found; `python -m bench labels` compares with it.

Shares and scores are rounded to three digits. Columns are the collections in COLLECTIONS; None was not done.
"""

COLLECTIONS = ("amazon", "movies", "nyt", "tweets")
TOLERANCE = 0.005

Row = tuple[float | None, float | None, float | None, float | None]

FIGURES: dict[str, Row] = {
    "share negative, cut 0.5": (0.328, 0.477, 0.325, 0.253),
    "share neutral, cut 0.5": (0.206, 0.053, 0.463, 0.200),
    "share positive, cut 0.5": (0.465, 0.470, 0.212, 0.548),
    "share negative, cut 0.25": (0.354, 0.493, 0.418, 0.280),
    "share neutral, cut 0.25": (0.143, 0.023, 0.285, 0.102),
    "share positive, cut 0.25": (0.503, 0.484, 0.296, 0.618),
    "share negative, cut 1": (0.242, 0.423, 0.176, 0.194),
    "share neutral, cut 1": (0.357, 0.149, 0.726, 0.381),
    "share positive, cut 1": (0.401, 0.428, 0.098, 0.425),
    "majority vote negative": (0.350, 0.500, 0.350, 0.270),
    "majority vote neutral": (0.178, 0.013, 0.443, 0.171),
    "majority vote positive": (0.472, 0.488, 0.207, 0.559),
    "majority vote is class of mean": (0.941, 0.952, 0.899, 0.929),
    "majority vote tied": (0.012, 0.004, 0.037, 0.015),
    "alpha interval, ratings": (0.820, 0.798, 0.532, 0.783),
    "alpha nominal, classes": (0.691, 0.722, 0.365, 0.626),
    "alpha ordinal, ratings": (0.829, 0.784, 0.541, 0.788),
    "alpha ordinal, classes": (0.801, 0.807, 0.516, 0.755),
    "pairs agree": (0.807, 0.845, 0.591, 0.743),
    "unanimous": (0.400, 0.437, 0.036, 0.202),
    "commonest class at most half": (0.049, 0.024, 0.135, 0.064),
    "a negative and a positive rater": (0.281, 0.381, 0.419, 0.390),
    "mean within 1.96 SE of a cut": (0.189, 0.140, 0.425, 0.233),
    "HLP(1) accuracy": (0.850, 0.883, 0.675, 0.800),
    "HLP(1) macro-F1": (0.816, 0.689, 0.675, 0.753),
    "HLP(1) recall negative": (0.885, 0.911, 0.706, 0.842),
    "HLP(1) recall neutral": (0.642, 0.222, 0.650, 0.569),
    "HLP(1) recall positive": (0.914, 0.929, 0.676, 0.861),
    "HLP(1) accuracy, majority of rest": (0.864, 0.900, 0.683, 0.814),
    "HLP(1) accuracy, last 2 raters left out": (0.839, None, 0.669, 0.797),
    "HLP(3) accuracy": (0.891, 0.915, 0.762, 0.855),
    "HLP(3) macro-F1": (0.865, 0.757, 0.763, 0.816),
    "HLP(5) accuracy": (0.912, 0.933, 0.798, 0.879),
    "HLP(5) macro-F1": (0.890, 0.791, 0.800, 0.846),
    "HLP(9) accuracy": (0.924, 0.940, 0.821, 0.895),
    "HLP(9) macro-F1": (0.905, 0.808, 0.822, 0.866),
    "HLP(9) recall negative": (0.944, 0.968, 0.858, 0.931),
    "HLP(9) recall neutral": (0.815, 0.465, 0.797, 0.728),
    "HLP(9) recall positive": (0.956, 0.973, 0.812, 0.937),
    "HLP(1) accuracy, cut 0.25": (0.840, 0.893, 0.640, 0.790),
    "HLP(1) accuracy, cut 1": (0.780, 0.827, 0.614, 0.735),
    "HLP(9) accuracy, cut 0.25": (0.915, 0.956, 0.809, 0.905),
    "HLP(9) accuracy, cut 1": (0.905, 0.885, 0.860, 0.885),
    "majority class accuracy": (0.465, 0.477, 0.463, 0.548),
    "majority class macro-F1": (0.212, 0.215, 0.211, 0.236),
    "VADER accuracy": (0.599, 0.547, 0.557, 0.808),
    "VADER macro-F1": (0.563, 0.423, 0.555, 0.690),
    "VADER recall negative": (0.435, 0.412, 0.545, 0.943),
    "VADER recall neutral": (0.518, 0.180, 0.508, 0.197),
    "VADER recall positive": (0.751, 0.725, 0.684, 0.968),
    "TF-IDF accuracy": (0.666, 0.760, 0.537, 0.735),
    "TF-IDF macro-F1": (0.601, 0.522, 0.489, 0.658),
    "TF-IDF balanced accuracy": (0.654, 0.747, 0.526, 0.725),
    "TF-IDF balanced macro-F1": (0.611, 0.544, 0.505, 0.674),
    "TF-IDF by group accuracy": (0.655, None, 0.501, None),
    "TF-IDF by group macro-F1": (0.589, None, 0.457, None),
    "TF-IDF by group, balanced accuracy": (0.647, None, 0.493, None),
    "TF-IDF by group, balanced macro-F1": (0.605, None, 0.476, None),
    "majority of 3 against the rest": (None, 0.922, None, None),
    "one-coin Dawid-Skene of 3": (None, 0.927, None, None),
    "majority of 5 against the rest": (None, 0.9325, None, None),
    "one-coin Dawid-Skene of 5": (None, 0.937, None, None),
}

# Probable errors among labels of one rater (amazon): lowest and highest over seeds and kinds of filter.
RANGES: dict[str, tuple[float, float]] = {
    "labels wrong": (0.15, 0.165),
    "flagged": (0.21, 0.25),
    "precision of the flagged": (0.30, 0.36),
    "recall of the flagged": (0.41, 0.52),
    "precision in the worst 5 %": (0.44, 0.48),
    "AUROC of self-confidence": (0.755, 0.765),
}
