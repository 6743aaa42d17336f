"""The journal of answers in, what it teaches out: labels, drift, gaps. A change here touches no answer."""
