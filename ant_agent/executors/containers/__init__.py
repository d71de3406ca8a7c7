"""What DOCKER and KUBERNETES share: the launcher inside, its marks, options, rules, files."""
