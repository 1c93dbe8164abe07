"""What a lesson needs beside the library: checks, quiz questions, the look at this machine, running notebooks."""
