"""The transform of Validate and Prepare on Spark: the same rules, joined across any number of files.

What a row means is decided by the functions that Validate and Prepare use as well; Spark brings rows with
equal keys together. Only API that Spark 3.5 and 4 both have is used.
"""
