"""A data set and an index in, settings that suit them out, with what they gain. A change here touches no answer."""
