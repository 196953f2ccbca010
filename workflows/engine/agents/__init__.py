"""One agent at work: a loop of thinking and using tools, on LangGraph. In workers only."""
