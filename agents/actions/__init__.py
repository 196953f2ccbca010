"""The only code that writes this app's rows. Keyword-only; the actor is always said."""
