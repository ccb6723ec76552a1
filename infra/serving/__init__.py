"""How an approved model reaches the endpoint."""
