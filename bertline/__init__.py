"""The command line of Bertline: boto3 only, so every command works on AWS and on the local cloud."""
