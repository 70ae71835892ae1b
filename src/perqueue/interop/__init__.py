"""Other tools' workflows as ours, and ours as theirs: the Python Workflow Definition (PWD), version 0.1."""
