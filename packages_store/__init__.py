"""What lies on disk: packages, ledgers and the files of a deliverable; synchronous, and knows no stage."""
