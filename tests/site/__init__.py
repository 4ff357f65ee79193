"""The built site in a real browser, and the parts of publishing that shape it."""
