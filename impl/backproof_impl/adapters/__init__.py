"""One short file for each library: the library's own functions under the names a target offers."""
