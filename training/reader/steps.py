"""The steps by which the readers and the encoder learn: AdamW, its rate rising first and falling then."""

import torch

WARM = 0.06
"""Of the steps, those in which the rate rises."""


class Steps:
    """Steps of what a module learns.

    Args:
        module: Its parameters that want a gradient are learned.
        rate: The highest rate.
        many: How many steps there will be.
    """

    def __init__(self, module: torch.nn.Module, rate: float, many: int) -> None:
        self._module = module
        self._optimizer = torch.optim.AdamW(
            [each for each in module.parameters() if each.requires_grad], lr=rate, weight_decay=0.01
        )
        warm = max(1, int(WARM * many))
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda at: min((at + 1) / warm, (many - at) / max(1, many - warm))
        )

    def step(self, loss: torch.Tensor) -> None:
        """Learn from a loss."""
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._module.parameters(), 1.0)
        self._optimizer.step()
        self._schedule.step()
