"""A finished run in, the same in an MLflow store out. A change here touches neither figures nor answers."""
