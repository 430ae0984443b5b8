"""The verdict: what a run found, in plain sentences made from its tables; one rule a topic."""
