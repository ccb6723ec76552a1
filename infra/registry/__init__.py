"""Where the versions of the model are kept and approved."""
