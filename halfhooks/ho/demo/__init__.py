"""The demonstration: a project that lives through the workflow, and pushes that break it."""
