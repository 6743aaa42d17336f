"""Reports in, pages for people out: one file each, without a network. A change here moves no figure."""
