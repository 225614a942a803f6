"""What does not learn: rules and search."""
