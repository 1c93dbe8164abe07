"""What comes out of grading: gradebook, a page for each student, the class report, files for an LMS."""
