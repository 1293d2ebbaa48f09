"""What the encoder and every head on it have in common: configuration, new weights, files."""

from __future__ import annotations

import torch
from torch import nn

from .config import LukeConfig


class LukePreTrainedModel(nn.Module):
    """Base of `LukeModel` and of the heads.

    A head puts the encoder at the attribute `luke` (`base_model_prefix`), adds its own modules, and calls
    `init_weights` on them.

    config (LukeConfig): The model's configuration.
    """

    base_model_prefix = "luke"

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def dtype(self) -> torch.dtype:
        """RETURNS (torch.dtype): Type of the weights."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """RETURNS (torch.device): Where the weights are."""
        return next(self.parameters()).device

    @torch.no_grad()
    def init_weights(self) -> None:
        """Draw new weights as RoBERTa does: normal with `initializer_range`, biases and padding rows zero."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.weight.normal_(std=self.config.initializer_range)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.Embedding):
                module.weight.normal_(std=self.config.initializer_range)
                if module.padding_idx is not None:
                    module.weight[module.padding_idx].zero_()
