"""The rules every template must pass, and the exceptions with their reasons."""
