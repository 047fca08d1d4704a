"""Small parts that panels are composed of; each takes its colours and fonts from the theme."""
