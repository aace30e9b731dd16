"""What is shown: reports in the terminal, as JSON, as JUnit XML. Rendered from results only."""
