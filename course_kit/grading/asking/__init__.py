"""Ask one function: its cases, the fingerprint of each answer, and the known mistake behind a wrong one."""
