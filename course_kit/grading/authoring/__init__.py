"""Write an assignment: read the solution notebook, refuse what would be unfair, release the student version."""
