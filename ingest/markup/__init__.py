"""What marks mean: Markdown, HTML within it, front matter, the marks of site generators."""
