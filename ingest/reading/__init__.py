"""Files and folders in, `Document`s and problems out. A change here may touch what every document says."""
