"""The colours of the figures; the site replaces them by CSS variables, light or dark."""

INK, MUTED, GRID, PAPER = "#1b1f27", "#6b7482", "#d5dae1", "#fefefe"

# Okabe and Ito's palette, told apart with every common colour blindness (https://jfly.uni-koeln.de/color/).
COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d00"]
