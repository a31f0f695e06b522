"""Figures as ratios in one run; peers, sizes and switched-on features are named beside each."""
