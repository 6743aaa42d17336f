"""Words about data sets, runs and the journal in, measures printed out. A change here touches what is shown of them."""
