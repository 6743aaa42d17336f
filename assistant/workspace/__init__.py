"""A folder and its settings in, an open, built or watched index out. A change here may touch every face."""
