"""Pure values: what work is, what state it is in, what happens next. Imports attrs and the stdlib only."""
