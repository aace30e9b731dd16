"""What is shown: reports in the terminal, as HTML, Markdown, JSON and JUnit XML. Rendered from results only."""
