"""What the delivering services would do with an event: filters, patterns and schedules, evaluated locally and purely."""
