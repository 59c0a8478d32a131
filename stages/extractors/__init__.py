"""The engines that turn what was said into memories: each implements `Extractor` of stages/contract.py."""
