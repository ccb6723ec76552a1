"""Data-centric levers, each proven before it is used: more data, more labels, augmented texts."""
