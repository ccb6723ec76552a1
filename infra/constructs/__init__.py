"""Small constructs that several stacks share."""
