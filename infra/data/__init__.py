"""Where reviews, artifacts and features live."""
