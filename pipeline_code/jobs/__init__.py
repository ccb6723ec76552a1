"""Entry points: one module a job; they parse arguments, read, call the library and write."""
