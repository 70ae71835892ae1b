"""The commands as the command line declares them: names, options and help. What they do is imported when they run."""
