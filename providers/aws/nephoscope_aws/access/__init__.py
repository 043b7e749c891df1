"""Who may do what to which resource: the questions behind "access denied", put to the facts."""
