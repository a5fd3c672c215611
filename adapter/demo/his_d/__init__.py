"""Demo HIS D: a web HIS that can only export files, one folder a day."""
