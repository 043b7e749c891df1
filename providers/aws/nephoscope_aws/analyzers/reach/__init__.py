"""Parts of the reachability analyzer: what the problem asks, who stands at both ends, which hops lie between them."""
