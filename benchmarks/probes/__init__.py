"""What is measured: functions that run in a fresh process and return numbers."""
