"""Task scripts that perqueue brings. Nothing else stands here: the folder comes to the tasks' ``sys.path``."""
