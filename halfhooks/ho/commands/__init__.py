"""One command, one module, with `parser()` and `main(argv)`; `halfhooks.ho.cli` imports the one that was chosen."""
