"""What comes out of grading: gradebook, a page a student, the class report, files for an LMS."""
