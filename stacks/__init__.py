"""The AWS resources as CDK stacks: a stack composes, a construct can do something."""
