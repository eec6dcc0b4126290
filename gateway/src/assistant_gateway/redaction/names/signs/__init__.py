"""Who and what is named without the model: by a title, a form of company, a column, a preposition."""
