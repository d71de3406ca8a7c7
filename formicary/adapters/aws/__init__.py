"""The ports on DynamoDB, SQS, S3 and STS; adapters take their client by constructor."""
