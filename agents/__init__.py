"""What can think: models, tools, agents, crews, knowledge."""
