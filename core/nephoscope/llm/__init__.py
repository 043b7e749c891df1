"""Language models: the catalog of what they can do, and the gateway through which every word to and from them goes."""
