"""Words, sentences and tables in two languages."""
