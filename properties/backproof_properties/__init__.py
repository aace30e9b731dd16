"""What must hold: a property for each claim and link, over shapes and values chosen to confuse, and the judge."""
