"""What `ho codegen` can make; each target is a module with the functions of `halfhooks.ho.codegen.target.Target`."""
