"""What an endpoint runs: a file that stands alone inside model.tar.gz."""
