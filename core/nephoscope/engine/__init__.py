"""The loop: observe, plan, generate, validate, execute, collect, verify, recommend. Synchronous, on LangGraph."""
