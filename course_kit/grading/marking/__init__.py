"""From a submission to a result: what is asked, how it is graded, by how many graders."""
