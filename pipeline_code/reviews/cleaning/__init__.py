"""Cleaning: rules for rows that satisfy the contract but would harm a model, each with its receipt."""
