"""What HTTP functions share: requests of the gateway read, answers and problems written."""
