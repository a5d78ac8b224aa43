"""What was made and how exact it is: report.json in numbers and words, report.png at a glance."""
