"""Whether an edge of a seeded account works, judged from the seed alone: shares nothing with what is measured."""
