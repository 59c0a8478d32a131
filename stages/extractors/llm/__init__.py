"""The engine that asks a language model. It knows no HTTP, no money and no ledger: `Llm` of stages/contract.py does."""
