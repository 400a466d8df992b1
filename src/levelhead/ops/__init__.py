"""How the installation is: the health page and the metrics."""
