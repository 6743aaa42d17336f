"""A chat model, on this machine and these documents, in; what it brings and costs out, beside what was tried before."""
