"""The pipeline of experiments: would other data, more labels or rewritten texts help?"""
