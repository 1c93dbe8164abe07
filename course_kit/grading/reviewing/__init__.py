"""The page on which a person reads what was handed in, and gives points and comments by the keyboard."""
