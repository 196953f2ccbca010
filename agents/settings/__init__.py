"""Settings that people write together: agents, crews and knowledge bases as JSON, and how a shared draft of them is saved."""
