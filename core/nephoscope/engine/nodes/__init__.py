"""One file per node: each a function of the counters and the context. What it needs it reads from the record, what it makes it writes there,
so that running a node again after a kill changes nothing."""
