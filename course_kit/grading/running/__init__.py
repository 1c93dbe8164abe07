"""Run the cells of a notebook through nbval and hear how each one ended."""
