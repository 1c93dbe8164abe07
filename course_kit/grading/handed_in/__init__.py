"""What a class handed in: collected, read, looked at, without running any of it."""
