"""How people use Huimin: the command line ``huimin``, its texts, and the demonstration."""
