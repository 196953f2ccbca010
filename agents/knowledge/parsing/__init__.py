"""Files become text with an outline, in a child process with limits. Imports no Django, and each parser only when needed."""
