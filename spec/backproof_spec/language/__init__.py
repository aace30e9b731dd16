"""The language in which an operation is defined once, and its interpreters: one term language, one file for each."""
