"""How packets travel in a virtual private cloud: pure functions over the documents that EC2, ELB and RDS answer with. No facts, no I/O."""
