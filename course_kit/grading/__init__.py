"""Grading, from the notebook that an instructor writes to the page that a student gets.

Read the rooms in this order; each imports only rooms that stand before it:

1. `asking`: a function, the cases it is asked, the fingerprint of an answer, the mistake behind a wrong one. This is
   all of the kit that a student's kernel sees while a submission is graded.
2. `authoring`: solution notebooks, what makes an exercise unfair, and the student notebooks that release writes.
3. `running` executes cells through nbval; `containment` does the same to code that nobody trusts; `handed_in`
   collects files, finds their owners and compares them.
4. `marking`: from a secret to the questions of an exam, from a submission to its result, for a whole class.
5. `reports`: gradebook, feedback, the class report, files for an LMS.
6. `platforms`: the same grading on Gradescope and GitHub, and notebooks in the formats of nbgrader and Otter.
7. `reviewing`: the local page on which a person reads submissions and gives points and comments.
"""
