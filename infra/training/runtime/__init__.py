"""The Lambda function of the step LiveModel: which model is live, and where its artifact lies; boto3 only."""
