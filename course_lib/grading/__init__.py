"""One source for each assignment, instant checks for students, and the machinery that grading stands on."""
