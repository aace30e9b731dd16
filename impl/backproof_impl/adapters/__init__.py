"""One file for each library, at most 40 lines: the library's own functions under the names a target offers."""
