"""From a query's signals to scores."""
