"""A made-up district that shows what Huimin does, from generated records to lists that stay true."""
