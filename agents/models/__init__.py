"""Chat models in any role: what a run asks for, how it is asked, and what may go wrong."""
