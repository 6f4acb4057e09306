"""Other people's words: modules that take the place of other tools, on `chat`'s parts."""
