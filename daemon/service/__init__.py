"""The daemon as a service: what the system's service manager is told, and what keeps the daemon well for a year."""
