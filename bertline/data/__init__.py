"""Looking at datasets and at the Feature Store, and correcting what the store holds."""
