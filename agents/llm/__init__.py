"""One gateway to every model, for LangChain and CrewAI alike: metered, bounded, cancellable. Importing it is cheap."""
