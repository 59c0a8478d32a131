"""SillyTavern, and the programs that write chats as it does."""
