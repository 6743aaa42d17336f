"""Answers in, what people and programs see out. A change here touches no answer."""
