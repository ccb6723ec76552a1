"""What a local cloud keeps between starts: its records and the emulator's state, in one folder."""
