"""Layer-wise relevance propagation through any network, with a ledger of every constant."""
