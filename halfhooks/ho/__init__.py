"""The command line: everything that is too heavy for a hook. Nothing outside this folder imports it."""
