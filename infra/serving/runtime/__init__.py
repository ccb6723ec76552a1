"""The Lambda functions that deploy an approved model and verify the endpoint; boto3 only."""
