"""Where a local cloud listens and whose it is, unless told otherwise."""

HOST = "127.0.0.1"
PORT = 4566
ACCOUNT = "123456789012"
REGION = "us-east-1"
