"""Servers that speak the protocols of those that Coruja talks to, and scripted models behind them."""
