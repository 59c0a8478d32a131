"""The long-running process: its doors, the application that joins the parts, and the engine."""
